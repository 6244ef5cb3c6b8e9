import type { Counts } from "./counts.ts";

/** One bucket of a histogram's counters: so many requests took at most `atMost` milliseconds (Infinity for the last one). */
export interface Bucket {
  readonly atMost: number;
  readonly requests: number;
}

/**
 * How many requests surely took longer than `max` milliseconds. A histogram only knows its own bounds: the smallest one from `max` on is the
 * one that is used, so a slow request between the two goes unseen rather than a fast one being counted.
 * @param buckets cumulative counts since the look before, in any order, the last one (Infinity) holding all requests
 * @returns undefined without a bucket for all requests, or where none but that one reaches `max`
 */
export function slowerThan(max: number, buckets: readonly Bucket[]): (Counts & { bound: number }) | undefined {
  const all = buckets.find(({ atMost }) => atMost === Number.POSITIVE_INFINITY);
  const [bound] = buckets.filter(({ atMost }) => atMost >= max && Number.isFinite(atMost)).toSorted((a, b) => a.atMost - b.atMost);
  if (all === undefined || bound === undefined) return undefined;
  return { requests: all.requests, bad: all.requests - bound.requests, bound: bound.atMost };
}
