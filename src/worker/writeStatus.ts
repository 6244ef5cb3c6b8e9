import type { CanaryPlan, PlanStatus } from "../api/plan.ts";
import { isSignificant } from "../core/plan/significant.ts";
import { resources } from "../kube/resources.ts";
import type { Hands } from "./act.ts";
import { type PlanMemory, refreshMs } from "./memory.ts";

/** Stores the status if a crash must not lose it, or if it has not been refreshed for a while. @returns whether it was written */
export async function writeStatus(plan: CanaryPlan, status: PlanStatus, memory: PlanMemory, hands: Hands): Promise<boolean> {
  const now = hands.now();
  const significant = isSignificant(memory.stored, status);
  const refreshes = now - memory.storedAt >= memory.refreshAfterMs && JSON.stringify(memory.stored) !== JSON.stringify(status);
  const due = significant || refreshes;
  if (due) {
    const stored = hands.caches.plans.get(`${plan.metadata.namespace}/${plan.metadata.name}`) ?? plan;
    const written = await hands.client.replace<CanaryPlan>(
      resources.canaryplans,
      { ...stored, status },
      { fieldManager: "serin", subresource: "status" },
    );
    hands.caches.plans.noteWritten(`${plan.metadata.namespace}/${plan.metadata.name}`, written.metadata.resourceVersion ?? "0");
    memory.stored = status;
    memory.storedAt = now;
    memory.refreshAfterMs = significant ? refreshMs.first : Math.min(2 * memory.refreshAfterMs, refreshMs.longest);
  }
  memory.status = status;
  return due;
}
