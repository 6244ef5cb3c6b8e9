import { expect, test } from "vitest";
import { slowBeyond } from "../../../../src/core/analysis/builtin/bound.ts";
import { tallyDurations } from "../../../../src/core/analysis/builtin/tally.ts";

/* A histogram only knows its own bounds: 80 requests took at most 250 ms, 91 at most 500, 97 at most a second, of 100. */

const buckets: Array<[le: string, requests: number]> = [
  ["+Inf", 100],
  ["250", 80],
  ["500", 91],
  ["1000", 97],
];
const series = buckets.map(([le, value]) => ({ labels: { le, destination_canonical_revision: "c" }, value }));
const bounds = [Number.POSITIVE_INFINITY, 250, 500, 1_000];
const boundFor = (max: string) => slowBeyond({ quantile: 0.99, max }, bounds, new Map());

test.each([
  ["a bound of the histogram", "500ms", { requests: 100, bad: 9, bound: 500 }],
  ["between two: the larger one, so that no fast request counts as slow", "300ms", { requests: 100, bad: 9, bound: 500 }],
  ["below all", "1ms", { requests: 100, bad: 20, bound: 250 }],
])("%s", (_, max, expected) => {
  const bound = boundFor(max) ?? Number.NaN;
  expect({ ...tallyDurations(series, bound, "c").canary, bound }).toEqual(expected);
});

test("beyond all bounds nothing can be said", () => expect(boundFor("2s")).toBeUndefined());

test("without the bucket of all requests there are none to judge", () => {
  expect(tallyDurations(series.slice(1), 500, "c").canary).toEqual({ requests: 0, bad: 0 });
});
