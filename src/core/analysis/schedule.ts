import { parseDuration } from "../../api/duration.ts";
import type { Metric } from "../../api/metric.ts";
import type { Measurement, MetricStatus } from "../../api/metricStatus.ts";
import { invalidReason, isBroken } from "./limits.ts";
import { fromTime } from "./time.ts";

/*
 * When a metric is measured next: rows C5–C7 of research/peers.md §4a, and the closing looks of design §8.
 *
 *   startedAt ──initialDelay──▶ first ──interval──▶ next ──interval──▶ …     counted from finishedAt, strictly after
 *                                 └── error: 10 s ──▶ again                   whatever the interval
 *                                 └── closing: min(interval, 10 s) ──▶ again
 *
 * All times are ms since epoch and never go back: a caller whose clock did passes the newest stored time instead.
 */

/** After an error (C6), and the longest time between two closing looks. */
export const retryMs = 10_000;

/** An interval of a few milliseconds would do nothing but load Prometheus, which scrapes every few seconds at best. */
const shortestInterval = 1_000;

export const intervalOf = (metric: Metric): number | undefined =>
  metric.interval === undefined ? undefined : Math.max(shortestInterval, parseDuration(metric.interval));

/** The time between closing looks, and the time in which failing ones count once when the metric has no interval. */
export const closingIntervalOf = (metric: Metric): number => Math.min(intervalOf(metric) ?? retryMs, retryMs);

/** The measurement that was asked last. */
export const latestOf = (status: MetricStatus | undefined): Measurement | undefined => status?.measurements.at(-1);

export interface Clock {
  readonly now: number;
  /** When the analysis started; the status' own time goes first. */
  readonly startedAt: number;
  /** The step's time is over and only a pass lets it end: look every min(interval, 10 s), also when the metric ended Successful. */
  readonly closing?: boolean;
  /** A measurement of this metric is under way: there are never two. */
  readonly measuring?: boolean;
}

/** Whether the metric is to be measured now; else when; false: never (it has ended), or not before the one under way is recorded. */
export function due(metric: Metric, status: MetricStatus | undefined, clock: Clock): boolean | { at: number } {
  if (clock.measuring === true || invalidReason(metric) !== undefined) return false;
  if (status !== undefined && isBroken(status.phase)) return false;
  if (status?.phase === "Successful" && clock.closing !== true) return false;
  const at = nextLookAt(metric, status, clock);
  return clock.now >= at || { at };
}

/** The first millisecond at which the metric is due. */
function nextLookAt(metric: Metric, status: MetricStatus | undefined, { startedAt, closing }: Clock): number {
  if (status === undefined || status.measurements.length === 0) return firstLookAt(metric, status, startedAt);
  const latest = latestOf(status);
  // Closing looks come between two scheduled ones and don't move them: else a bad release would live an interval longer for being looked at.
  const from =
    closing === true || latest?.verdict === "error" || status.lastScheduledAt === undefined
      ? lastFinishedAt(status)
      : fromTime(status.lastScheduledAt);
  return from + waitAfter(metric, latest, closing === true) + 1;
}

/** startedAt + initialDelay (C7). */
export function firstLookAt(metric: Metric, status: MetricStatus | undefined, startedAt: number): number {
  const started = status === undefined ? startedAt : fromTime(status.startedAt);
  return started + (metric.initialDelay === undefined ? 0 : parseDuration(metric.initialDelay));
}

export const lastFinishedAt = (status: MetricStatus): number =>
  Math.max(0, ...status.measurements.map((each) => fromTime(each.finishedAt)));

/** How long to wait after a measurement. Without an interval only an error or missing data makes a second look needed. */
export function waitAfter(metric: Metric, latest: Measurement | undefined, closing: boolean): number {
  if (latest?.verdict === "error") return retryMs;
  return closing ? closingIntervalOf(metric) : (intervalOf(metric) ?? retryMs);
}

/** A metric and where it stands. */
export interface Look {
  readonly metric: Metric;
  readonly status?: MetricStatus | undefined;
}

/** When the next of these metrics is due, ms since epoch (`now` when one is already); undefined: never. */
export function nextDue(looks: readonly Look[], clock: Clock): number | undefined {
  const times = looks.flatMap(({ metric, status }) => {
    const answer = due(metric, status, clock);
    if (answer === false) return [];
    return answer === true ? [clock.now] : [answer.at];
  });
  return times.length === 0 ? undefined : Math.min(...times);
}
