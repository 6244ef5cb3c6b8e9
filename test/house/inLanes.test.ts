import { expect, test } from "vitest";
import { inLanes } from "./inLanes.ts";

test("so many at a time, in order, and the results are in the order of the jobs", async () => {
  const begun: number[] = [];
  const gates = [0, 1, 2, 3].map(() => Promise.withResolvers<void>());
  const all = inLanes([0, 1, 2, 3], 2, async (job) => {
    begun.push(job);
    await gates[job]?.promise;
    return `job ${job}`;
  });
  expect(begun).toEqual([0, 1]);
  gates[1]?.resolve();
  await expect.poll(() => begun).toEqual([0, 1, 2]);
  for (const gate of gates) gate.resolve();
  expect(await all).toEqual(["job 0", "job 1", "job 2", "job 3"]);
});
