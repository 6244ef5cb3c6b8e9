import { expect, test } from "vitest";
import { systemClock } from "../../src/worker/queue.ts";

test("a time that has passed meanwhile is due at once, and Node warns of nothing", async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => void warnings.push(warning);
  process.on("warning", note);
  await new Promise<void>((resolve) => systemClock.setTimer(resolve, -0.01));
  // A warning is told with the next tick.
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", note);
  expect(warnings).toEqual([]);
});
