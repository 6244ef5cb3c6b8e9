import { parseDuration } from "../api/duration.ts";
import { type CanaryPlan, isLive } from "../api/plan.ts";
import type { MetricAnswer } from "../core/analysis/answer.ts";
import { renderQuery } from "../core/analysis/query.ts";
import { observeCounts } from "../core/analysis/shift.ts";
import type { Action } from "../core/plan/action.ts";
import type { Snapshot } from "../core/plan/snapshot.ts";
import type { Prometheus } from "../prometheus/client.ts";
import { countByRevision } from "../prometheus/counts.ts";
import type { Caches } from "./caches.ts";
import type { Memories } from "./memory.ts";

export interface Instruments {
  prometheus: Prometheus;
  caches: Caches;
  memories: Memories;
  now(): number;
  settleMs(plan: CanaryPlan): number;
  /** Look at this Deployment again: something was measured. */
  look(key: string): void;
}

/** Asks Prometheus in the background; no reconcile ever waits for it. The answer is taken in by the next look. */
export function startMeasurement(
  plan: CanaryPlan,
  action: Extract<Action, { kind: "measure" }>,
  snapshot: Snapshot,
  instruments: Instruments,
): void {
  const { memories, now, look } = instruments;
  const memory = memories.get(plan.metadata.uid);
  if (!memory || memory.inFlight.has(action.key)) return;
  memory.inFlight.add(action.key);
  const startedAt = now();
  void askFor(plan, action, snapshot, instruments).then((answer) => {
    memory.inFlight.delete(action.key);
    memory.answers.push({
      key: action.key,
      startedAt,
      finishedAt: Math.max(now(), startedAt),
      weight: action.weight,
      closing: action.closing,
      answer,
    });
    look(`${snapshot.namespace}/${snapshot.name}`);
  });
}

async function askFor(
  plan: CanaryPlan,
  { metric }: Extract<Action, { kind: "measure" }>,
  snapshot: Snapshot,
  { prometheus }: Instruments,
): Promise<MetricAnswer> {
  if (metric.provider === undefined) return { kind: "error", message: "the metric has no query, which is a bug of Serin's" };
  const { address, query, timeout } = metric.provider.prometheus;
  const rendered = renderQuery(query, {
    namespace: snapshot.namespace,
    deployment: snapshot.name,
    service: snapshot.services[0]?.name,
    canaryHash: plan.spec.canary.hash,
    stableHash: plan.spec.stable.hash,
  });
  if ("error" in rendered) return { kind: "error", message: rendered.error };
  return prometheus.query(rendered.query, { address, timeoutMs: timeout === undefined ? undefined : parseDuration(timeout) });
}

/** How often requests are counted; Prometheus scrapes every few seconds at best. */
const countEveryMs = 2_000;

/** Counts the requests by revision for every live plan, and wakes those whose picture has changed. */
export async function countAll(instruments: Instruments): Promise<void> {
  const { caches, memories, now } = instruments;
  const due = caches.plans.values().filter((plan) => {
    const memory = memories.get(plan.metadata.uid);
    return isLive(plan) && memory !== undefined && (memory.status?.routes?.length ?? 0) > 0 && now() - memory.lastCountAt >= countEveryMs;
  });
  await Promise.all(due.map((plan) => count(plan, instruments)));
}

async function count(plan: CanaryPlan, { prometheus, memories, now, settleMs, look }: Instruments): Promise<void> {
  const memory = memories.get(plan.metadata.uid);
  if (!memory) return;
  memory.lastCountAt = now();
  const { namespace } = plan.metadata;
  const changedAt = memory.trafficChangedAt;
  const counts = await countByRevision(
    prometheus,
    (memory.status?.services ?? []).map((name) => ({ namespace, name })),
  );
  if (counts.kind === "error") return;
  const total = [...counts.byRevision.values()].reduce((sum, requests) => sum + requests, 0);
  memory.flow = { total, at: total > memory.flow.total ? now() : memory.flow.at };
  if (memory.trafficChangedAt !== changedAt) return;
  const revisions = { settledAt: changedAt + settleMs(plan), stable: plan.spec.stable.hash, canary: plan.spec.canary.hash };
  // The settle time is measured anew now and then; what was counted after an earlier, longer one still counts.
  const settledAt = memory.shift !== undefined && memory.shift.settledAt >= changedAt ? memory.shift.settledAt : revisions.settledAt;
  const before = memory.shift;
  memory.shift = observeCounts(before, counts, { ...revisions, settledAt });
  if (memory.shift !== before) look(`${namespace}/${plan.spec.deployment.name}`);
}
