import type { Metric } from "../../api/metric.ts";
import type { Measurement, MetricStatus } from "../../api/metricStatus.ts";
import { isBroken } from "./limits.ts";
import { firstLookAt, intervalOf, lastFinishedAt, latestOf, retryMs, waitAfter } from "./schedule.ts";
import { fromTime } from "./time.ts";

/*
 * A step ends with a pass, never by time alone (design §8, invariant I6).
 *
 *   weight changed ─── pause ───▶ its time is over
 *                                   ├─ latest look: a pass, under this weight, at most 10 s old ──▶ the step ends
 *                                   └─ anything else: look now, then every min(interval, 10 s) ──▶ pass: the step ends
 *                                                                                             └──▶ failed for good: roll back
 */

/** A pass is good for so long, counted from its answer: a query may itself take up to 30 s. */
const freshMs = 10_000;

export interface Closing {
  readonly now: number;
  /** When the weight now in force was written (or had settled), ms since epoch. */
  readonly weightChangedAt: number;
  /** The weight now in force, 0–100. */
  readonly weight: number;
}

export type ClosingLook =
  /** The metric lets the step end. */
  | { readonly kind: "passed" }
  /** Ask Prometheus now, and record the answer with `closing: true`. */
  | { readonly kind: "measure-now" }
  /** Nothing before this time, ms since epoch. */
  | { readonly kind: "wait"; readonly until: number; readonly message: string }
  /** The metric failed for good, or ended in error: roll back. */
  | { readonly kind: "failed"; readonly message: string }
  /** The metric ended inconclusive: pause until a person decides (W2). */
  | { readonly kind: "inconclusive"; readonly message: string };

/** Whether this metric lets the step end whose time is over. Ask only while no measurement of it is under way. */
export function closingLook(metric: Metric, status: MetricStatus | undefined, closing: Closing): ClosingLook {
  if (status !== undefined && isBroken(status.phase)) {
    const message = status.message ?? `${metric.name}: ${status.phase}`;
    return { kind: status.phase === "Inconclusive" ? "inconclusive" : "failed", message };
  }
  const latest = latestOf(status);
  if (releases(latest, closing)) return { kind: "passed" };
  const until = Math.max(closing.weightChangedAt, nextClosingLook(metric, status, latest, closing));
  if (closing.now >= until) return { kind: "measure-now" };
  return { kind: "wait", until, message: latest?.message ?? `${metric.name}: not measured yet` };
}

function releases(latest: Measurement | undefined, closing: Closing): boolean {
  if (latest?.verdict !== "pass" || !isUnder(latest, closing)) return false;
  const age = closing.now - fromTime(latest.finishedAt);
  return age >= 0 && age <= freshMs;
}

const isUnder = (measurement: Measurement, { weight, weightChangedAt }: Closing): boolean =>
  measurement.weight === weight && fromTime(measurement.startedAt) >= weightChangedAt;

function nextClosingLook(metric: Metric, status: MetricStatus | undefined, latest: Measurement | undefined, closing: Closing): number {
  if (status === undefined || latest === undefined) return firstLookAt(metric, status, closing.weightChangedAt);
  // A look under another weight, or a pass that has grown old, says nothing about now; after an error Prometheus gets its 10 s (C6).
  if (latest.verdict !== "error" && (latest.verdict === "pass" || !isUnder(latest, closing))) return closing.now;
  const finished = lastFinishedAt(status);
  const regular = finished + waitAfter(metric, latest, true) + 1;
  const countsAt = status.lastFailureAt === undefined ? 0 : fromTime(status.lastFailureAt) + (intervalOf(metric) ?? retryMs);
  // Look at the very time at which a failure counts again, so that a bad release does not live until the next regular look.
  return latest.verdict === "fail" && countsAt > finished ? Math.min(regular, countsAt) : regular;
}
