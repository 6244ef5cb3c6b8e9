import type { Builtin } from "../../../api/builtin.ts";
import { parseDuration } from "../../../api/duration.ts";
import type { Counter } from "./sample.ts";
import { revisionLabel } from "./source.ts";
import { boundOf } from "./tally.ts";

/** Where the stable pods' own quantile is looked for, so many of their requests are needed. */
export const leastStable = 100;

/** Stable's requests by the bound that they were within, as far as they were counted. */
export type Histogram = ReadonlyMap<number, number>;

/** Takes the growth of stable's buckets in. */
export function addStable(histogram: Histogram, series: readonly Counter[], canaryRevision: string): Histogram {
  const sum = new Map(histogram);
  for (const { labels, value } of series) {
    const bound = boundOf(labels);
    if ((labels[revisionLabel] ?? "") !== canaryRevision && !Number.isNaN(bound)) sum.set(bound, (sum.get(bound) ?? 0) + value);
  }
  return sum;
}

/**
 * The bound of the histogram beyond which a request is slow, in ms: with `max` the first one that is not below it, else the first one within which
 * stable's quantile is. Undefined while that can't be said: no bucket was counted yet, or too few of stable's requests were.
 */
export function slowBeyond(
  { quantile, max }: NonNullable<Builtin["latency"]>,
  bounds: readonly number[],
  stable: Histogram,
): number | undefined {
  const ascending = [...bounds].filter(Number.isFinite).sort((a, b) => a - b);
  if (max !== undefined) return ascending.find((bound) => bound >= parseDuration(max));
  const all = stable.get(Number.POSITIVE_INFINITY) ?? 0;
  if (all < leastStable) return undefined;
  return ascending.find((bound) => (stable.get(bound) ?? 0) >= quantile * all);
}
