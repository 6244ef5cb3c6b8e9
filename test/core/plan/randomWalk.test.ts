import fc from "fast-check";
import { expect, test } from "vitest";
import { walk, walks } from "../../scenes/walk.ts";

test("whatever people do and whenever, no invariant breaks and every plan ends", { timeout: 240_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(walks, async (steps) => {
      expect(await walk(steps)).toEqual([]);
    }),
    { numRuns: 200, seed: 2026, endOnFailure: true },
  );
});
