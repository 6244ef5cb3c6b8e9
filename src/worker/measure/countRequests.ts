import { type CanaryPlan, isLive } from "../../api/plan.ts";
import { observeCounts } from "../../core/analysis/shift.ts";
import { countByRevision } from "../../prometheus/counts.ts";
import { type PlanMemory, revisionOf } from "../memory.ts";
import type { Instruments } from "./measure.ts";

/** How often requests are counted; Prometheus scrapes every few seconds at best. */
const countEveryMs = 2_000;

/** At the same times for all plans, so that one query answers for all of them. */
export const isCountingTime = (lastAt: number, now: number): boolean => Math.floor(now / countEveryMs) > Math.floor(lastAt / countEveryMs);

/** Counts the requests by revision for every live plan, in one query, and wakes those whose picture has changed. */
export async function countAll(instruments: Instruments): Promise<void> {
  const { caches, memories, now, counting } = instruments;
  const due = caches.plans.values().flatMap((plan) => {
    const memory = memories.get(plan.metadata.uid);
    const isDue =
      isLive(plan) && memory !== undefined && (memory.status?.routes?.length ?? 0) > 0 && isCountingTime(memory.lastCountAt, now());
    return isDue && servicesOf(plan, memory).length > 0 ? [{ plan, memory, changedAt: memory.trafficChangedAt }] : [];
  });
  if (due.length === 0) return;
  for (const { memory } of due) memory.lastCountAt = now();
  const answer = await countByRevision(
    counting,
    due.flatMap(({ plan, memory }) => servicesOf(plan, memory)),
    now,
  );
  if (answer.kind === "error") return;
  // What was asked before a change of the routes says nothing about what came after it.
  for (const { plan, memory, changedAt } of due)
    takeCounts(plan, memory, answer.countsOf(servicesOf(plan, memory)), memory.trafficChangedAt === changedAt, instruments);
}

const servicesOf = ({ metadata: { namespace } }: CanaryPlan, { status }: PlanMemory) =>
  (status?.services ?? []).map((name) => ({ namespace, name }));

type Counts = Parameters<typeof observeCounts>[1];

function takeCounts(plan: CanaryPlan, memory: PlanMemory, counts: Counts, isOfNow: boolean, { now, settleMs, look }: Instruments): void {
  const total = [...counts.byRevision.values()].reduce((sum, requests) => sum + requests, 0);
  memory.flow = { total, at: total > memory.flow.total ? now() : memory.flow.at };
  if (!isOfNow) return;
  const changedAt = memory.trafficChangedAt;
  const revisions = { settledAt: changedAt + settleMs(plan), stable: plan.spec.stable.hash, canary: revisionOf(plan, memory) };
  // The settle time is measured anew now and then; what was counted after an earlier, longer one still counts.
  const settledAt = memory.shift !== undefined && memory.shift.settledAt >= changedAt ? memory.shift.settledAt : revisions.settledAt;
  const before = memory.shift;
  memory.shift = observeCounts(before, counts, { ...revisions, settledAt });
  if (memory.shift !== before) look(`${plan.metadata.namespace}/${plan.spec.deployment.name}`);
}
