import type { PlanStatus } from "../../api/plan.ts";

/** Waits whose beginning counts: a successor must not begin them anew. That such a wait is over shows in what comes after it. */
const waits: ReadonlySet<string | undefined> = new Set(["pods", "revertAfter", "gate", "delay"]);

/**
 * What must survive a crash at once: everything that later decisions are made from. The rest (counts of requests and of passes, ready pods, what is
 * waited for) is refreshed now and then. A good release writes its status once per step, and four times more: made, promoting, handed over, promoted.
 */
function essence(status: PlanStatus): unknown {
  return {
    phase: status.phase,
    outcome: status.outcome,
    step: status.step,
    desired: status.weight?.desired,
    changedAt: status.weight?.changedAt,
    services: status.services,
    routes: status.routes?.map(({ namespace, name, original }) => [namespace, name, original]),
    canaryReplicaSet: status.canaryReplicaSet,
    approvals: [status.approvals?.length, status.approvals?.at(-1)?.at],
    stamps: status.stamps?.map(({ mac, takenBack }) => [mac, takenBack]),
    conditions: status.conditions?.map(({ type, status: value }) => [type, value]),
    journal: status.journal?.length,
    lastEntry: status.journal?.at(-1)?.at,
    metrics: status.metrics?.map(({ name, step, phase, startedAt, failed, inconclusive, noDataSince }) => [
      name,
      step,
      phase === "Running" ? "Pending" : phase,
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
  if (before === undefined) return true;
  return beginsToWait(before, after) || JSON.stringify(essence(before)) !== JSON.stringify(essence(after));
}

const beginsToWait = (before: PlanStatus, { stage, stageSince }: PlanStatus): boolean =>
  waits.has(stage) && (before.stage !== stage || before.stageSince !== stageSince);
