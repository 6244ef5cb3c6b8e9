import fc from "fast-check";
import { expect, test } from "vitest";
import { walk, walks } from "../../scenes/walk.ts";

/** The long version walks elsewhere each time, and says from where when it fails. */
const soak = process.env["SOAK"] === "1";
const far = soak ? { numRuns: 5_000, seed: Date.now() % 1_000_000 } : { numRuns: 200, seed: 2026 };

test("whatever people do and whenever, no invariant breaks and every plan ends", { timeout: soak ? 1_800_000 : 240_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(walks, async (steps) => {
      expect(await walk(steps)).toEqual([]);
    }),
    { ...far, endOnFailure: true },
  );
});
