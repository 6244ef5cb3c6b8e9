import type { Builtin } from "../../../api/builtin.ts";
import type { CountsAnswer } from "../answer.ts";
import { addStable, type Histogram, leastStable, slowBeyond } from "./bound.ts";
import { type Counter, growthBetween, type Sample } from "./sample.ts";
import { sourceOf } from "./source.ts";
import { boundOf, nothing, tallyDurations, tallyOutcomes } from "./tally.ts";

/** What is remembered of one built-in of one plan between two looks. A successor starts anew; what was counted until then stands in the plan. */
export interface Meter {
  readonly before: Sample;
  readonly stable: Histogram;
  /** Where a slow request begins, once that is known; it stays, so that all counts of a plan speak of the same. */
  readonly boundMs?: number;
  /** When the counters last began anew, if no difference could be counted since: ms since epoch. */
  readonly anewSince?: number;
}

/** A scrape is missed now and then; this long without any is missing data. */
const silenceMs = 30_000;

export interface Metering {
  readonly now: number;
  /** The canary's value of `destination_canonical_revision`. */
  readonly canaryRevision: string;
  /** The bound that an earlier worker chose, from the plan. */
  readonly boundMs?: number | undefined;
}

/**
 * Takes one sample in. The first one is where counting starts: whatever the counters held before (an earlier canary of the same name, too) counts
 * for nothing. Without an answer there is nothing new to judge.
 */
export function readMeter(
  meter: Meter | undefined,
  builtin: Builtin,
  sample: Sample,
  { now, canaryRevision, boundMs: chosen }: Metering,
): { meter: Meter; answer?: CountsAnswer } {
  const boundMs = meter?.boundMs ?? chosen;
  if (meter === undefined) return { meter: { before: sample, stable: new Map(), ...(boundMs !== undefined && { boundMs }) } };
  const growth = growthBetween(meter.before, sample);
  if (growth.kind === "restarted") return begunAnew(meter, sample, growth.why);
  if (growth.kind === "same") {
    if (now - meter.before.at < silenceMs) return { meter };
    return { meter, answer: { kind: "counts", since: meter.before.at, ...nothing, missing: "no proxy was scraped since" } };
  }
  const { anewSince: _, ...rest } = meter;
  const after = { ...rest, before: sample };
  const { since, series } = growth;
  const source = sourceOf(builtin);
  if (source.family !== "durations" || builtin.latency === undefined)
    return {
      meter: after,
      answer: {
        kind: "counts",
        since,
        ...tallyOutcomes(source.family === "durations" ? "requests" : source.family, series, canaryRevision),
      },
    };
  const stable = addStable(meter.stable, series, canaryRevision);
  const bound = boundMs ?? slowBeyond(builtin.latency, boundsOf(sample.series.values()), stable);
  if (bound !== undefined)
    return {
      meter: { ...after, stable, boundMs: bound },
      answer: { kind: "counts", since, ...tallyDurations(series, bound, canaryRevision), boundMs: bound },
    };
  const seen = stable.get(Number.POSITIVE_INFINITY) ?? 0;
  const missing =
    builtin.latency.max === undefined
      ? `${Math.round(seen)} of the ${leastStable} stable requests that say what is slow`
      : `no bucket of ${builtin.latency.max} or more was counted`;
  return { meter: { ...after, stable }, answer: { kind: "counts", since, ...nothing, missing } };
}

/** One difference is left out. Where that goes on, as in a mesh whose proxies come and go with every scrape, data is missing, and somebody must hear of it. */
function begunAnew(meter: Meter, sample: Sample, why: string): { meter: Meter; answer?: CountsAnswer } {
  const since = meter.before.at;
  const anewSince = meter.anewSince ?? since;
  const after = { ...meter, before: sample, anewSince };
  if (sample.at - anewSince < silenceMs) return { meter: after };
  const missing = `since ${new Date(anewSince).toISOString().slice(11, 19)} the counters begin anew with each scrape (${why})`;
  return { meter: after, answer: { kind: "counts", since, ...nothing, missing } };
}

const boundsOf = (series: Iterable<Counter>): number[] => [...new Set(Array.from(series, ({ labels }) => boundOf(labels)))];
