import type { Metric } from "../../../src/api/metric.ts";
import type { MetricStatus, Verdict } from "../../../src/api/metricStatus.ts";
import { begin, type NewMeasurement, record, toMeasurement } from "../../../src/core/analysis/run.ts";

/** 2026-01-01T00:00:00Z, where the clock of these tests starts. */
export const t0 = Date.UTC(2026, 0, 1);

export const aMetric = (fields: Partial<Metric>): Metric => ({
  name: "m",
  successCondition: "result[0] >= 0.95",
  provider: { prometheus: { query: "up" } },
  ...fields,
});

/** A measurement: `started` and `took` in ms after t0. */
export const at = ({
  started,
  took = 0,
  verdict,
  weight = 30,
}: {
  started: number;
  took?: number;
  verdict: Verdict;
  weight?: number;
}): NewMeasurement => toMeasurement({ verdict, message: verdict }, { startedAt: t0 + started, finishedAt: t0 + started + took, weight });

/** A metric's status after these verdicts, all at t0. */
export const measured = (metric: Metric, verdicts: readonly Verdict[]): MetricStatus =>
  verdicts.reduce((status, verdict) => record(metric, status, at({ started: 0, verdict })), begin(metric, { now: t0 }));
