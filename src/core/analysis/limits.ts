import { parseDuration } from "../../api/duration.ts";
import type { Metric } from "../../api/metric.ts";
import type { MetricStatus } from "../../api/metricStatus.ts";

/** When a metric ends, and how: the tables C and L of research/peers.md §4a, on counters alone. */

/** Argo Rollouts' defaults. */
export const defaults = { failureLimit: 0, inconclusiveLimit: 0, consecutiveErrorLimit: 4, consecutiveSuccessLimit: 0 } as const;

type Counters = Pick<MetricStatus, "step" | "failed" | "inconclusive" | "consecutiveErrors" | "consecutiveSuccesses" | "measured">;
export type MetricPhase = MetricStatus["phase"];

/** Phases from which only a new analysis leads on. `Successful` is not one: a closing look may still find a failure. */
export const isBroken = (phase: MetricPhase): phase is "Failed" | "Inconclusive" | "Error" =>
  phase === "Failed" || phase === "Inconclusive" || phase === "Error";

/**
 * How many measurements end the metric; undefined: it goes on until the plan ends (C1, C2). A built-in in a step ends with its first verdict, or with
 * as many passes in a row as are asked for.
 */
export function effectiveCount(metric: Metric, inStep = false): number | undefined {
  if (metric.count !== undefined && metric.count > 0) return metric.count;
  if (metric.builtin !== undefined) return inStep && (metric.consecutiveSuccessLimit ?? 0) === 0 ? 1 : undefined;
  return metric.interval === undefined ? 1 : undefined;
}

/** A built-in that wants to see more only holds its step: nobody needs to decide. */
export const inconclusiveLimitOf = ({ inconclusiveLimit, builtin }: Metric): number =>
  inconclusiveLimit ?? (builtin === undefined ? defaults.inconclusiveLimit : Number.POSITIVE_INFINITY);

/** The limit that is broken, with its arithmetic; the later check wins (L10). */
export function brokenLimit(metric: Metric, counters: Counters): { phase: "Failed" | "Inconclusive" | "Error"; why: string } | undefined {
  const failureLimit = metric.failureLimit ?? defaults.failureLimit;
  const inconclusiveLimit = inconclusiveLimitOf(metric);
  const errorLimit = metric.consecutiveErrorLimit ?? defaults.consecutiveErrorLimit;
  if (counters.consecutiveErrors > errorLimit)
    return { phase: "Error", why: `consecutiveErrors (${counters.consecutiveErrors}) > consecutiveErrorLimit (${errorLimit})` };
  if (counters.inconclusive > inconclusiveLimit)
    return { phase: "Inconclusive", why: `inconclusive (${counters.inconclusive}) > inconclusiveLimit (${inconclusiveLimit})` };
  if (failureLimit >= 0 && counters.failed > failureLimit)
    return { phase: "Failed", why: `failed (${counters.failed}) > failureLimit (${failureLimit})` };
  return undefined;
}

/** Where a metric stands by its counters, and the arithmetic that says so. */
export function phaseOf(metric: Metric, counters: Counters): { phase: MetricPhase; why?: string } {
  const broken = brokenLimit(metric, counters);
  if (broken !== undefined) return broken;
  const wanted = metric.consecutiveSuccessLimit ?? defaults.consecutiveSuccessLimit;
  const passes = counters.consecutiveSuccesses;
  if (wanted > 0 && passes >= wanted)
    return { phase: "Successful", why: `consecutiveSuccesses (${passes}) reached consecutiveSuccessLimit (${wanted})` };
  const count = effectiveCount(metric, counters.step !== undefined);
  const measured = counters.measured ?? 0;
  if (count === undefined || measured < count) return { phase: "Running" };
  if (wanted === 0) return { phase: "Successful", why: `measured (${measured}) reached count (${count})` };
  // A built-in that wants to see more takes its time, and nobody needs to decide.
  if (metric.builtin !== undefined && counters.failed === 0) return { phase: "Running" };
  const missed = `measured (${measured}) reached count (${count}) with consecutiveSuccesses (${passes}) < consecutiveSuccessLimit (${wanted})`;
  return { phase: metric.failureLimit === -1 || metric.builtin !== undefined ? "Failed" : "Inconclusive", why: missed };
}

/** What makes the metric's numbers contradict each other (C4), or undefined. The CRD refuses the same; this holds for what came before. */
export function invalidReason(metric: Metric): string | undefined {
  const failureLimit = metric.failureLimit ?? defaults.failureLimit;
  const wanted = metric.consecutiveSuccessLimit ?? defaults.consecutiveSuccessLimit;
  const count = metric.count ?? 0;
  if (failureLimit < -1) return `failureLimit is ${failureLimit}: use -1 to forgive every failure, or 0 and above`;
  if (failureLimit === -1 && wanted === 0) return "failureLimit -1 never fails the metric, so it needs a consecutiveSuccessLimit above 0";
  if (count > 1 && metric.interval === undefined && metric.builtin === undefined) return `count ${count} needs an interval`;
  if (count > 0 && count < Math.max(0, failureLimit) + wanted)
    return `count (${count}) < failureLimit (${Math.max(0, failureLimit)}) + consecutiveSuccessLimit (${wanted})`;
  if (count > 0 && count < (metric.inconclusiveLimit ?? 0)) return `count (${count}) < inconclusiveLimit (${metric.inconclusiveLimit})`;
  return invalidDuration(metric.interval) ?? invalidDuration(metric.initialDelay);
}

function invalidDuration(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    parseDuration(text);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : `"${text}" is not a duration`;
  }
}
