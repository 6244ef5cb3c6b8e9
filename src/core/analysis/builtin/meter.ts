import type { Builtin } from "../../../api/builtin.ts";
import type { CountsAnswer } from "../answer.ts";
import { addStable, type Histogram, leastStable, slowBeyond } from "./bound.ts";
import { type Counter, following, growthBetween, type Sample } from "./sample.ts";
import { sourceOf } from "./source.ts";
import { boundOf, nothing, tallyDurations, tallyOutcomes } from "./tally.ts";

/** What is remembered of one built-in of one plan between two looks. A successor starts anew; what was counted until then stands in the plan. */
export interface Meter {
  readonly before: Sample;
  readonly stable: Histogram;
  /** Where a slow request begins, once that is known; it stays, so that all counts of a plan speak of the same. */
  readonly boundMs?: number;
  /** The longest time between two scrapes so far, ms; at most a minute. */
  readonly scrapedEvery?: number;
  /** The latest scrape, also where it was not taken in: ms since epoch. */
  readonly scrapedAt?: number;
  /** When the counters last began anew, if no difference could be counted since: ms since epoch. */
  readonly anewSince?: number;
}

/** Prometheus' own default between two scrapes. A longer time means that scrapes are missed, which must not be taken for the rule. */
const longestInterval = 60_000;

/**
 * So long without a scrape is missing data: two of them are missed now and then, but never less than half a minute. Until two were seen the
 * interval may be as long as it gets.
 */
const silenceAt = (scrapedEvery = longestInterval): number => Math.max(30_000, 2.5 * scrapedEvery);

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
  const scraped = scrapes(meter, sample);
  if (growth.kind === "behind" && sample.at - meter.before.at <= scraped.scrapedEvery) return { meter: { ...meter, ...scraped } };
  if (growth.kind === "behind" || growth.kind === "restarted") return begunAnew({ ...meter, ...scraped }, sample, growth.why);
  if (growth.kind === "same") {
    if (now - meter.before.at < silenceAt(meter.scrapedEvery)) return { meter };
    return { meter, answer: { kind: "counts", since: meter.before.at, ...nothing, missing: "no proxy was scraped since" } };
  }
  const { anewSince: _, ...rest } = meter;
  const after = { ...rest, ...scraped, before: following(meter.before, sample) };
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

function scrapes({ before, scrapedAt = before.at, scrapedEvery = 0 }: Meter, { at }: Sample): { scrapedAt: number; scrapedEvery: number } {
  return { scrapedAt: Math.max(scrapedAt, at), scrapedEvery: Math.max(scrapedEvery, Math.min(longestInterval, at - scrapedAt)) };
}

/** One difference is left out. Where that goes on, as in a mesh whose proxies come and go with every scrape, data is missing, and somebody must hear of it. */
function begunAnew(meter: Meter, sample: Sample, why: string): { meter: Meter; answer?: CountsAnswer } {
  const since = meter.before.at;
  const anewSince = meter.anewSince ?? since;
  const after = { ...meter, before: sample, anewSince };
  if (sample.at - anewSince < silenceAt(meter.scrapedEvery)) return { meter: after };
  const missing = `since ${new Date(anewSince).toISOString().slice(11, 19)} the counters begin anew with each scrape (${why})`;
  return { meter: after, answer: { kind: "counts", since, ...nothing, missing } };
}

const boundsOf = (series: Iterable<Counter>): number[] => [...new Set(Array.from(series, ({ labels }) => boundOf(labels)))];
