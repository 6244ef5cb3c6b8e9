import { parseDuration } from "../../api/duration.ts";
import { allowedWeight } from "../traffic/capacity.ts";
import type { Draft } from "./draft.ts";
import { end, failed } from "./endings.ts";
import { type Look, podsInCount, podsInWords, readyOf, settledAt } from "./look.ts";
import { nextRevision } from "./promote.ts";
import { routeActions, routeRecords, routesDropped, ruleActions, wayOf, weightNow } from "./routes.ts";
import { podsNeeded } from "./steps.ts";

/** Somebody who drops the split again and again: so often within a minute is a fight. */
const fightAfter = 5;
const repairIntervalMs = 10_000;

/**
 * Brings pods and routes to the weight that the steps ask for. Traffic follows capacity: a weight rises only when so many pods are ready,
 * and falls at once when they are not. Pods of a lower weight go only after the routes have settled there.
 */
export function serve(look: Look, draft: Draft): void {
  if (draft.status.phase === "Preparing" || !look.deployment || look.handedOver || look.inCustody) return;
  const weight = draft.status.weight?.desired ?? 0;
  const needed = podsNeeded(look, weight);
  const ready = readyOf(look.canaryPods);
  draft.status.replicas = { desired: needed, ready, stable: readyOf(look.stablePods) };
  if (!size(look, draft, needed, weight)) return;
  if (ready < needed && overdue(look, draft, needed)) return;
  if (wayOf(look) !== "routes") return;
  route(look, draft, { weight, needed, ready });
}

function size(look: Look, draft: Draft, needed: number, weight: number): boolean {
  const { canary, deployment, plan, spec, snapshot } = look;
  if (!deployment) return false;
  if (!canary) {
    draft.stage("pods");
    const name = `${spec.deployment.name}-${spec.canary.hash}`;
    draft.status.canaryReplicaSet = name;
    draft.tellOnce("CanaryCreated", `making ${name} with ${podsInCount(needed)}`);
    draft.do({
      kind: "createCanary",
      name,
      hash: spec.canary.hash,
      digest: spec.canary.digest,
      replicas: needed,
      revision: nextRevision(look),
    });
    return true;
  }
  draft.status.canaryReplicaSet = canary.name;
  if (canary.owner === deployment.uid) {
    draft.do({ kind: "own", replicaSet: canary.name, resourceVersion: canary.resourceVersion, by: "plan", revision: nextRevision(look) });
    return false;
  }
  if (canary.owner !== plan.metadata.uid || canary.replicas === needed) return true;
  const fewer = canary.replicas > needed;
  // At the full weight the Deployment itself was scaled down; otherwise the routes must be down, and settled, first.
  const mayLower = (weightNow(look) ?? 0) <= weight && draft.now >= settledAt(snapshot);
  if (fewer && !mayLower) draft.wake(settledAt(snapshot) - draft.now);
  else draft.do({ kind: "scale", replicaSet: canary.name, resourceVersion: canary.resourceVersion, replicas: needed, removesPods: false });
  return true;
}

/** The pods' own clock: it starts when the plan begins to wait for them and ends the plan, whatever the reason (design §7). */
function overdue(look: Look, draft: Draft, needed: number): boolean {
  const limit = parseDuration(look.policy.canary.progressDeadline);
  const since = draft.status.stage === "pods" ? draft.stage("pods") : 0;
  if (since <= limit) {
    if (draft.status.stage === "pods") draft.wake(limit - since + 1);
    return false;
  }
  end(draft, {
    outcome: failed(look.policy.onFailure),
    reason: "ProgressDeadlineExceeded",
    message: `${podsInWords(look, needed)} after ${look.policy.canary.progressDeadline} (progressDeadline)`,
  });
  return true;
}

function route(look: Look, draft: Draft, { weight, needed, ready }: { weight: number; needed: number; ready: number }): void {
  const now = weightNow(look) ?? 0;
  const target = ready >= needed ? weight : Math.min(now, allowedWeight({ wanted: weight, neededPods: needed, readyPods: ready }));
  const rules = ruleActions(look);
  if (rules.length > 0 && target >= now) {
    for (const rule of rules) draft.do(rule);
    return;
  }
  const actions = routeActions(look, target);
  if (actions.length === 0 || (target > now && !podsKnown(look, draft))) return;
  const dropped = routesDropped(look);
  if (dropped.length > 0 && target >= now && !mayRepair(look, draft, dropped.length)) return;
  draft.status.routes = routeRecords(look);
  if (target < now && target < weight)
    draft.tell("CapacityLost", `${podsInWords(look, needed)}: weight ${now} → ${target} until they are`, "Warning");
  for (const action of actions) draft.do(action.kind === "writeRoute" ? { ...action, repairs: dropped.includes(action.current) } : action);
}

/** A proxy that hears of the weight before it hears of the pods would have nobody to send the requests to. */
function podsKnown({ snapshot }: Look, draft: Draft): boolean {
  const left = snapshot.podsReadyAt + snapshot.settle.ms - draft.now;
  if (left <= 0) return true;
  draft.say("WaitingForRoutes", `the canary's pods are ready: waiting until every proxy has heard of them (${snapshot.settle.message})`);
  draft.wake(left);
  return false;
}

/** Puts a dropped split back at most once per interval; a fight ends the plan with the traffic on stable. */
function mayRepair(look: Look, draft: Draft, dropped: number): boolean {
  const { repairs } = look.snapshot;
  if (repairs.count >= fightAfter) {
    end(draft, {
      outcome: failed(look.policy.onFailure),
      reason: "Conflict",
      message: `the split was dropped ${repairs.count + 1} times within a minute: something else writes these routes`,
    });
    draft.condition("Conflict", "True", look.plan.metadata.generation);
    return false;
  }
  const next = repairs.lastAt + repairIntervalMs;
  if (repairs.count > 0 && draft.now < next) {
    draft.wake(next - draft.now);
    return false;
  }
  draft.tell(
    "RoutesRepaired",
    `somebody dropped the split of ${dropped} ${dropped === 1 ? "route" : "routes"}; it was put back`,
    "Warning",
  );
  return true;
}
