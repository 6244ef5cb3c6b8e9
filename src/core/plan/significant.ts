import type { PlanStatus } from "../../api/plan.ts";

/** What must survive a crash at once: everything that later decisions are made from. The rest (counts of passes, ready pods, what is waited for) is refreshed now and then. */
function essence(status: PlanStatus): unknown {
  return {
    phase: status.phase,
    outcome: status.outcome,
    step: status.step,
    stage:
      status.stage === "pods" || status.stage === "revertAfter" || status.stage === "gate" || status.stage === "delay"
        ? [status.stage, status.stageSince]
        : undefined,
    desired: status.weight?.desired,
    changedAt: status.weight?.changedAt,
    counted: status.weight?.observed !== undefined,
    services: status.services,
    routes: status.routes?.map(({ namespace, name, original }) => [namespace, name, original]),
    canaryReplicaSet: status.canaryReplicaSet,
    approvals: status.approvals?.length,
    conditions: status.conditions?.map(({ type, status: value }) => [type, value]),
    journal: status.journal?.length,
    lastEntry: status.journal?.at(-1)?.at,
    metrics: status.metrics?.map(({ name, step, phase, startedAt, failed, inconclusive, noDataSince }) => [
      name,
      step,
      phase,
      startedAt,
      failed,
      inconclusive,
      noDataSince !== undefined,
    ]),
    finishedAt: status.finishedAt,
  };
}

/** Whether the status must be written before anything is done (design I10). */
export function isSignificant(before: PlanStatus | undefined, after: PlanStatus): boolean {
  return before === undefined || JSON.stringify(essence(before)) !== JSON.stringify(essence(after));
}
