import type { MetricStatus } from "../../api/metricStatus.ts";
import type { MetricPhase } from "./limits.ts";

/** Worst last, by table R1 of research/peers.md §4a. */
const badness: readonly MetricPhase[] = ["Successful", "Inconclusive", "Error", "Failed"];

/**
 * All metrics as one; dry runs are only looked at (R4). The first broken one ends the analysis (R2), the worst wins; else it runs until all are Successful (R1). The message
 * is that of the metrics which decide. No metrics: Successful.
 */
export function assess(all: readonly MetricStatus[]): { phase: MetricPhase; message: string } {
  const statuses = all.filter(({ dryRun }) => dryRun !== true);
  const worst = badness.findLast((phase) => phase !== "Successful" && statuses.some((status) => status.phase === phase));
  if (worst !== undefined) return { phase: worst, message: messageOf(statuses, [worst]) };
  if (statuses.every(({ phase }) => phase === "Successful"))
    return { phase: "Successful", message: statuses.length === 0 ? "no metrics to measure" : messageOf(statuses, ["Successful"]) };
  const phase = statuses.every((status) => status.phase === "Pending") ? "Pending" : "Running";
  return { phase, message: messageOf(statuses, ["Pending", "Running"]) };
}

const messageOf = (statuses: readonly MetricStatus[], phases: readonly MetricPhase[]): string =>
  statuses
    .filter(({ phase }) => phases.includes(phase))
    .map(({ name, phase, message }) => message ?? `${name}: ${phase === "Pending" ? "not measured yet" : phase}`)
    .join(" · ");
