import { type Logger, pino } from "pino";
import type { Component } from "../api/logLine.ts";

/**
 * The log of a process: JSON lines on standard output, of the shape of `src/api/logLine.ts`. Written synchronously: what was decided must be told even if
 * the process ends with the next instruction; a line takes some 20 us.
 */
export const openLog = (
  component: Component,
  instance: string,
  level = "info",
  to: { write(line: string): void } = pino.destination({ sync: true }),
): Logger =>
  pino(
    {
      level,
      base: { component, instance },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    to,
  );

/** What Node warns of becomes a line like any other; by itself it would print plain text among the lines of JSON. */
export function logWarnings(log: Logger): void {
  process.removeAllListeners("warning");
  process.on("warning", (warning) => log.warn({ err: warning }, `Node.js warns: ${warning.name}`));
}
