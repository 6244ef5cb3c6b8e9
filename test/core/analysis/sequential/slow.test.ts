import { expect, test } from "vitest";
import { slowerThan } from "../../../../src/core/analysis/sequential/slow.ts";

const buckets = [
  { atMost: Number.POSITIVE_INFINITY, requests: 100 },
  { atMost: 250, requests: 80 },
  { atMost: 500, requests: 91 },
  { atMost: 1_000, requests: 97 },
];

test.each([
  ["a bound of the histogram", 500, { requests: 100, bad: 9, bound: 500 }],
  ["between two: the larger one, so that no fast request counts as slow", 300, { requests: 100, bad: 9, bound: 500 }],
  ["below all", 1, { requests: 100, bad: 20, bound: 250 }],
  ["beyond all: nothing can be said", 2_000, undefined],
])("%s", (_, max, expected) => {
  expect(slowerThan(max, buckets)).toEqual(expected);
});

test("without the bucket of all requests nothing can be said", () => {
  expect(slowerThan(500, buckets.slice(1))).toBeUndefined();
});
