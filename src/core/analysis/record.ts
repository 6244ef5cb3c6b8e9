import type { Metric } from "../../api/metric.ts";
import type { Measurement, MetricStatus, Verdict } from "../../api/metricStatus.ts";
import { atMost } from "./answer.ts";
import type { Judgement } from "./condition.ts";
import { brokenLimit, defaults, inconclusiveLimitOf, invalidReason, isBroken, phaseOf } from "./limits.ts";
import { closingIntervalOf, intervalOf, lastFinishedAt } from "./schedule.ts";
import { fromTime, toTime } from "./time.ts";

/** What is kept of a metric: its counters and its latest measurements. */

/** Argo Rollouts' default retention. */
const kept = 10;

export type NewMeasurement = Omit<Measurement, "counted">;

/** A verdict as it is stored. */
export function toMeasurement(judgement: Judgement, when: { startedAt: number; finishedAt: number; weight: number }): NewMeasurement {
  return { ...judgement, startedAt: toTime(when.startedAt), finishedAt: toTime(when.finishedAt), weight: when.weight };
}

/** How an analysis starts. */
export interface Beginning {
  readonly now: number;
  /** Index of the analysis step that it belongs to. */
  readonly step?: number;
  readonly dryRun?: boolean;
  /** Why it can't be carried out at all. */
  readonly invalid?: string;
}

/** A metric whose analysis starts now; with contradicting numbers it ends at once (C4). */
export function begin(metric: Metric, { now, step, dryRun = false, invalid: unusable }: Beginning): MetricStatus {
  const invalid = unusable ?? invalidReason(metric);
  return {
    name: metric.name,
    ...(step !== undefined && { step }),
    ...(dryRun && { dryRun }),
    phase: invalid === undefined ? "Pending" : "Error",
    startedAt: toTime(now),
    ...(invalid !== undefined && { message: atMost(`${metric.name}: analysis spec invalid: ${invalid}`, 1024) }),
    successful: 0,
    failed: 0,
    inconclusive: 0,
    errors: 0,
    noData: 0,
    consecutiveErrors: 0,
    consecutiveSuccesses: 0,
    measurements: [],
  };
}

/** How a measurement came about. */
interface Circumstances {
  readonly closing?: boolean;
  /** Its no-data is no missing data: there is some, and it is too early to judge it. */
  readonly early?: boolean | undefined;
  readonly retention?: number | undefined;
}

/**
 * Takes a measurement in. What counts (design §8, tables C and L of research/peers.md §4a):
 *
 *                  scheduled                              closing look
 *   pass           successful, consecutiveSuccesses, count   nothing; it may release the step
 *   fail           failed, count                          failed, at most once per interval
 *   inconclusive   inconclusive, count                    inconclusive, at most once per interval
 *   error          errors, consecutiveErrors              the same
 *   no-data        noData, noDataSince                    the same
 *
 * A scheduled measurement milliseconds after a closing look that counted says the same thing again: it counts when it comes a closing look's distance
 * later, min(interval, 10 s). Anything but a pass ends a row of passes, anything but an error a row of errors. A measurement that overlaps the one before (two workers
 * in a hand-over of the lease) counts like a closing look. A metric that failed for good only remembers what comes late.
 */
export function record(
  metric: Metric,
  status: MetricStatus,
  measurement: NewMeasurement,
  { closing = false, early = false, retention = kept }: Circumstances = {},
): MetricStatus {
  if (isBroken(status.phase)) return remember(status, { ...measurement, counted: false }, retention);
  const scheduled = !closing && fromTime(measurement.startedAt) >= lastFinishedAt(status);
  const alone = scheduled && !followsCountedClosing(status, measurement);
  const apart = scheduled ? closingIntervalOf(metric) : (intervalOf(metric) ?? closingIntervalOf(metric));
  const counted = alone || measurement.verdict === "error" || countsAgain(status, measurement, apart);
  const tallied = tally(status, measurement, { scheduled, counted, early });
  return conclude(metric, remember(tallied, { ...measurement, counted }, retention), measurement);
}

/**
 * Whether a closing look since the latest scheduled measurement has already counted what this one says, and may have been milliseconds ago.
 */
function followsCountedClosing(status: MetricStatus, { verdict }: NewMeasurement): boolean {
  const last = verdict === "fail" ? status.lastFailureAt : verdict === "inconclusive" ? status.lastInconclusiveAt : undefined;
  return last !== undefined && (status.lastScheduledAt === undefined || fromTime(last) > fromTime(status.lastScheduledAt));
}

/** Whether what failed (or was inconclusive) counts beside another that did: so many milliseconds after it. */
function countsAgain(status: MetricStatus, { verdict, finishedAt }: NewMeasurement, apart: number): boolean {
  if (verdict !== "fail" && verdict !== "inconclusive") return false;
  const last = verdict === "fail" ? status.lastFailureAt : status.lastInconclusiveAt;
  return last === undefined || fromTime(finishedAt) >= fromTime(last) + apart;
}

function tally(
  status: MetricStatus,
  taken: NewMeasurement,
  { scheduled, counted, early }: { scheduled: boolean; counted: boolean; early: boolean },
): MetricStatus {
  const { verdict, finishedAt } = taken;
  const { noDataSince, ...rest } = status;
  const by = (wanted: Verdict): number => (counted && verdict === wanted ? 1 : 0);
  const towardsCount = scheduled && (verdict === "pass" || verdict === "fail" || verdict === "inconclusive");
  const stillMissing = verdict === "no-data" && !early ? (noDataSince ?? taken.startedAt) : verdict === "error" ? noDataSince : undefined;
  return {
    ...rest,
    successful: status.successful + by("pass"),
    failed: status.failed + by("fail"),
    inconclusive: status.inconclusive + by("inconclusive"),
    errors: status.errors + by("error"),
    noData: status.noData + (verdict === "no-data" ? 1 : 0),
    consecutiveErrors: verdict === "error" ? status.consecutiveErrors + 1 : 0,
    consecutiveSuccesses: verdict === "pass" ? status.consecutiveSuccesses + by("pass") : 0,
    measured: (status.measured ?? 0) + (towardsCount ? 1 : 0),
    ...(scheduled && { lastScheduledAt: finishedAt }),
    ...(by("fail") === 1 && { lastFailureAt: finishedAt }),
    ...(by("inconclusive") === 1 && { lastInconclusiveAt: finishedAt }),
    ...(stillMissing !== undefined && { noDataSince: stillMissing }),
  };
}

/**
 * Keeps the latest ones, in the order in which they were asked: a late answer never looks like the latest. Beyond the latest ten the message goes,
 * which is most of a measurement's size.
 */
function remember(status: MetricStatus, measurement: Measurement, retention: number): MetricStatus {
  const measurements = [...status.measurements, measurement]
    .sort((a, b) => fromTime(a.startedAt) - fromTime(b.startedAt))
    .slice(-retention)
    .map((each, index, { length }) => (index < length - kept && each.message !== "" ? { ...each, message: "" } : each));
  return { ...status, measurements };
}

/** The phase after a measurement. What ended Successful stays so unless a limit is broken later. */
function conclude(metric: Metric, status: MetricStatus, measurement: NewMeasurement): MetricStatus {
  const broken = brokenLimit(metric, status);
  const { phase, why } = broken ?? (status.phase === "Successful" ? { phase: status.phase, why: undefined } : phaseOf(metric, status));
  const sentence = measurement.message.startsWith(`${metric.name}: `)
    ? measurement.message.slice(metric.name.length + 2)
    : measurement.message;
  const arithmetic = why ?? forgiven(metric, status, measurement.verdict);
  const message = arithmetic === undefined ? sentence : `${arithmetic}; ${sentence}`;
  return { ...status, phase, message: atMost(`${metric.name}: ${message}`, 1024) };
}

/** The arithmetic of what did not go well but is within its limit. */
function forgiven(metric: Metric, status: MetricStatus, verdict: Verdict): string | undefined {
  if (verdict === "error")
    return `consecutiveErrors (${status.consecutiveErrors}) <= consecutiveErrorLimit (${metric.consecutiveErrorLimit ?? defaults.consecutiveErrorLimit})`;
  if (verdict === "inconclusive")
    return Number.isFinite(inconclusiveLimitOf(metric))
      ? `inconclusive (${status.inconclusive}) <= inconclusiveLimit (${inconclusiveLimitOf(metric)})`
      : "more requests will tell";
  if (verdict !== "fail") return undefined;
  const limit = metric.failureLimit ?? defaults.failureLimit;
  return limit === -1
    ? `failed (${status.failed}), all forgiven by failureLimit (-1)`
    : `failed (${status.failed}) <= failureLimit (${limit})`;
}

/** The analysis is stopped from outside: what still ran counts as Successful (C2, R2, R3). */
export function terminate(status: MetricStatus): MetricStatus {
  if (status.phase !== "Pending" && status.phase !== "Running") return status;
  return { ...status, phase: "Successful" };
}
