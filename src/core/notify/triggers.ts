import type { Trigger } from "../../api/notification.ts";
import type { Phase } from "../../api/plan.ts";
import type { PlanReason } from "../plan/reasons.ts";

/** What a journal entry is told as; the first is what it is called. Reasons that are not here are told to nobody. */
const byReason: Partial<Record<PlanReason, readonly [Trigger, ...Trigger[]]>> = {
  PlanCreated: ["Started"],
  TrafficWeightUpdated: ["WeightUpdated"],
  StepCompleted: ["StepCompleted"],
  PausedForApproval: ["Paused"],
  PausedByUser: ["Paused"],
  PausedInconclusive: ["Paused"],
  PausedNoData: ["Paused"],
  Approved: ["Approved"],
  AnalysisFailed: ["AnalysisFailed", "RollingBack"],
  AnalysisError: ["AnalysisFailed", "RollingBack"],
  NoData: ["AnalysisFailed", "RollingBack"],
  Aborted: ["Aborted", "RollingBack"],
  ProgressDeadlineExceeded: ["RollingBack"],
  TrafficNotShifted: ["RollingBack"],
  Conflict: ["RollingBack"],
  NoRoute: ["RollingBack"],
  RouteObstructed: ["RollingBack"],
  RolledBack: ["RolledBack"],
  Held: ["Held"],
  Promoted: ["Promoted"],
  Cancelled: ["Cancelled"],
  Superseded: ["Superseded"],
};

/** What an entry with this reason, in a plan of this phase, is told as; empty: nothing. */
export function triggersOf(reason: string, phase: Phase): readonly Trigger[] {
  // Why a change went past the canary is admission's word, and the record's only one.
  if (phase === "Bypassed") return ["Bypassed"];
  return Object.hasOwn(byReason, reason) ? (byReason[reason as PlanReason] ?? []) : [];
}
