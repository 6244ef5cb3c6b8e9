import { parseDuration } from "../../api/duration.ts";
import type { CanaryPlan } from "../../api/plan.ts";
import type { MetricAnswer } from "../../core/analysis/answer.ts";
import { renderQuery } from "../../core/analysis/query.ts";
import type { Action } from "../../core/plan/action.ts";
import type { Snapshot } from "../../core/plan/snapshot.ts";
import type { Prometheus } from "../../prometheus/client.ts";
import type { Caches } from "../caches.ts";
import { type Memories, revisionOf } from "../memory.ts";

export interface Instruments {
  /** For the queries that policies name. */
  prometheus: Prometheus;
  /** For Serin's own counting: queries of policies that are slow must not stand in its way. */
  counting: Prometheus;
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
  { prometheus, memories }: Instruments,
): Promise<MetricAnswer> {
  if (metric.provider === undefined) return { kind: "error", message: "the metric has no query, which is a bug of Serin's" };
  const { address, credentials, query, timeout } = metric.provider.prometheus;
  const memory = memories.get(plan.metadata.uid);
  const rendered = renderQuery(query, {
    namespace: snapshot.namespace,
    deployment: snapshot.name,
    service: snapshot.services[0]?.name,
    canaryHash: revisionOf(plan, memory),
    stableHash: memory?.stableRevision ?? plan.spec.stable.hash,
  });
  if ("error" in rendered) return { kind: "error", message: rendered.error };
  return prometheus.query(rendered.query, { address, credentials, timeoutMs: timeout === undefined ? undefined : parseDuration(timeout) });
}
