import { logLine } from "../../src/api/logLine.ts";

/** Whether a line with these fields has the published shape; their names alone, since this is asked a million times (test/lab/audit.test.ts parses). */
export function unknownFields(fields: object): string[] {
  return Object.keys(fields).filter((name) => !Object.hasOwn(logLine.shape, name));
}
