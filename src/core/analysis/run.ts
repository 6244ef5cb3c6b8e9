/*
 * The analysis of one plan in four verbs, after Argo Rollouts' analysis.go. All pure: a MetricStatus of the plan goes in, the next one comes
 * out; whoever calls asks Prometheus in between and says what time it is.
 *
 *   due ──▶ (ask, judge) ──▶ record ──▶ assess ──▶ nextDue ──▶ due …
 *                              ▲
 *   its time is over: closingLook ──▶ (ask, judge)
 */
export { assess } from "./assess.ts";
export { type Closing, type ClosingLook, closingLook } from "./closingLook.ts";
export type { MetricPhase } from "./limits.ts";
export { noDataAt, noDataVerdict } from "./noData.ts";
export { begin, type NewMeasurement, record, terminate, toMeasurement } from "./record.ts";
export { type Clock, due, type Look, nextDue } from "./schedule.ts";
