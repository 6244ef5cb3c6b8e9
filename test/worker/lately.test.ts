import { expect, test } from "vitest";
import { lately } from "../../src/worker/lately.ts";

test("what was seen within the last minute and a half is taken once, oldest first", () => {
  const seen = lately<{ at: number; what: string }>();
  seen.note({ at: 0, what: "too old" });
  seen.note({ at: 10_000, what: "a" });
  seen.note({ at: 20_000, what: "b" });
  expect(seen.take(95_000).map(({ what }) => what)).toEqual(["a", "b"]);
  expect(seen.take(95_000)).toEqual([]);
});

test("it is bounded, and the latest stay", () => {
  const seen = lately<{ at: number }>();
  for (let at = 0; at < 3_000; at++) seen.note({ at });
  const taken = seen.take(3_000);
  expect([taken.length, taken[0]?.at]).toEqual([1_000, 2_000]);
});
