import type { MetricStatus } from "../../api/metricStatus.ts";
import type { PlanStatus } from "../../api/plan.ts";

/**
 * The status with no time that is still to come, of all that something is waited for from: written by a worker whose clock was years ahead, such a time
 * would hold a pause and the judging of a bad release up for as long. What began then begins now, so that nothing is waited for less than it should be.
 * Journal, approvals and the times of a plan's beginning and end stay as they were told.
 * @param now milliseconds since the epoch
 */
export function inTime(status: PlanStatus, now: number): PlanStatus {
  const { stageSince, step, weight, metrics } = status;
  return {
    ...status,
    ...(stageSince === undefined ? {} : { stageSince: past(stageSince, now) }),
    ...(step === undefined ? {} : { step: pastIn(step, ["startedAt"], now) }),
    ...(weight === undefined ? {} : { weight: pastIn(weight, ["changedAt"], now) }),
    ...(metrics === undefined ? {} : { metrics: metrics.map((metric) => metricInTime(metric, now)) }),
  };
}

function metricInTime(metric: MetricStatus, now: number): MetricStatus {
  const { counted, measurements } = metric;
  return {
    ...pastIn(metric, ["startedAt", "noDataSince", "lastScheduledAt", "lastFailureAt", "lastInconclusiveAt"], now),
    ...(counted === undefined ? {} : { counted: pastIn(counted, ["since"], now) }),
    measurements: measurements.map((each) => pastIn(each, ["startedAt", "finishedAt"], now)),
  };
}

const past = (time: string, now: number): string => (Date.parse(time) > now ? new Date(now).toISOString() : time);

function pastIn<T extends { [K in Key]?: string | undefined }, Key extends keyof T & string>(
  object: T,
  keys: readonly Key[],
  now: number,
): T {
  const times = keys.flatMap((key) => (object[key] === undefined ? [] : [[key, past(object[key], now)]]));
  return { ...object, ...Object.fromEntries(times) };
}
