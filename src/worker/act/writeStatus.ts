import { type CanaryPlan, type PlanStatus, terminalPhases } from "../../api/plan.ts";
import { isSignificant } from "../../core/plan/significant.ts";
import { resources } from "../../kube/resources.ts";
import { type PlanMemory, refreshMs } from "../memory.ts";
import type { Hands } from "./act.ts";

/** Stores the status if a crash must not lose it, or if it has not been refreshed for a while. @returns whether it was written */
export async function writeStatus(plan: CanaryPlan, status: PlanStatus, memory: PlanMemory, hands: Hands): Promise<boolean> {
  const now = hands.now();
  const significant = isSignificant(memory.stored, status);
  const refreshes = now - memory.storedAt >= memory.refreshAfterMs && JSON.stringify(memory.stored) !== JSON.stringify(status);
  const due = significant || refreshes;
  if (due) {
    // The very object that is sealed is written over: whoever has asked something of the plan in between makes it a conflict.
    const seen = hands.caches.plans.get(`${plan.metadata.namespace}/${plan.metadata.name}`) ?? plan;
    const store = (last: PlanStatus) => storeStatus(seen, last, hands);
    const ends = endsNow(memory.stored, status);
    memory.stored = await (ends ? hands.sealer.seal(seen, status, store) : store(status));
    if (ends && status.phase === "Bypassed") hands.onBypass?.(status.reason);
    else if (ends) hands.onEnd?.(status);
    memory.storedAt = now;
    memory.refreshAfterMs = significant ? refreshMs.first : Math.min(2 * memory.refreshAfterMs, refreshMs.longest);
    memory.status = memory.stored;
  } else memory.status = status;
  return due;
}

const endsNow = (before: PlanStatus | undefined, { phase }: PlanStatus): boolean =>
  terminalPhases.has(phase) && !(before && terminalPhases.has(before.phase));

/** Over the plan as it was seen. @returns what was stored @throws ApiError, a conflict when it is not that any more */
export async function storeStatus(
  plan: CanaryPlan,
  status: PlanStatus,
  { client, caches }: Pick<Hands, "client" | "caches">,
): Promise<PlanStatus> {
  const key = `${plan.metadata.namespace}/${plan.metadata.name}`;
  const by = { fieldManager: "serin", subresource: "status" } as const;
  const written = await client.replace<CanaryPlan>(resources.canaryplans, { ...plan, status }, by);
  caches.plans.noteWritten(key, written.metadata.resourceVersion ?? "0");
  return status;
}
