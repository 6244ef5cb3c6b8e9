import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { logLine } from "../../src/api/logLine.ts";

const run = promisify(execFile);

test("what Node warns of is a line of the log, and nothing else is written", async () => {
  const program = `
    import { logWarnings, openLog } from "./src/bin/log.ts";
    logWarnings(openLog("worker", "worker-1"));
    process.emitWarning("too many listeners", "MaxListenersExceededWarning");
  `;
  const { stdout, stderr } = await run(process.execPath, ["--input-type=module", "-e", program], { cwd: `${import.meta.dirname}/../..` });
  expect(stderr).toBe("");
  const lines = stdout.trimEnd().split("\n");
  expect(lines).toHaveLength(1);
  expect(logLine.parse(JSON.parse(lines[0] ?? ""))).toMatchObject({
    level: "warn",
    msg: "Node.js warns: MaxListenersExceededWarning",
    err: { message: "too many listeners" },
  });
});
