import { parseDuration } from "../../api/duration.ts";
import { cancelReasons } from "./cancelReasons.ts";
import type { Draft } from "./draft.ts";
import { type Look, settledAt } from "./look.ts";
import { finish, unrouted } from "./promote.ts";
import { provenEmpty } from "./proof.ts";
import type { PlanReason } from "./reasons.ts";
import { unrecorded } from "./requestUid.ts";
import { routeActions, weightNow } from "./routes.ts";

const endingReasons: ReadonlySet<string> = new Set<PlanReason>([
  "AnalysisFailed",
  "AnalysisError",
  "NoData",
  "ProgressDeadlineExceeded",
  "TrafficNotShifted",
  "Aborted",
  "Conflict",
  "NoRoute",
  "RouteObstructed",
  ...cancelReasons,
]);

/*
 * The way back, the same for a rollback, a cancel and a supersede:
 *
 *   weight 0 ─▶ settle (+ proof) ─▶ canary pods gone ─▶ routes as they were ─▶ settle ─▶ subsets gone ─▶ the Deployment
 *
 * Nothing comes before weight 0; it is recorded right after it happened (design §7, I10). No pod goes before the route has settled.
 */
export function unwind(look: Look, draft: Draft): void {
  if (!drained(look, draft)) return;
  if (draft.status.weight?.changedAt !== undefined)
    draft.tellOnce("CanaryTrafficStopped", `the canary gets no requests any more; ${causeOf(draft)}`);
  showFailure(look, draft);
  if (!canaryGone(look, draft) || !unrouted(look, draft) || !canaryCleared(look, draft) || !deploymentBack(look, draft)) return;
  const { stable } = look;
  if (stable?.kept && draft.status.outcome !== "Held") {
    draft.do({ kind: "letStableGo", replicaSet: stable.name });
    return;
  }
  // The Deployment went while its stable ReplicaSet was in custody: nobody else would ever remove it.
  if (stable && look.inCustody && !stable.deleting) {
    draft.do({ kind: "deleteReplicaSet", replicaSet: stable.name, uid: stable.uid });
    return;
  }
  conclude(look, draft);
}

function drained(look: Look, draft: Draft): boolean {
  const now = weightNow(look);
  const before = draft.status.weight?.desired ?? 0;
  if (before !== 0) draft.status.weight = { desired: 0, changedAt: draft.time };
  if (now === undefined || now === 0) {
    if (look.canary && look.canaryPods.length > 0 && now === 0) return settledAndProven(look, draft);
    return true;
  }
  for (const action of routeActions(look, 0)) draft.do(action);
  draft.stage("drain");
  return false;
}

function settledAndProven(look: Look, draft: Draft): boolean {
  if (look.canary?.replicas === 0) return true;
  const settled = settledAt(look.snapshot);
  if (draft.now < settled) {
    draft.stage("drain");
    draft.wake(settled - draft.now);
    return false;
  }
  return provenEmpty(look, draft, 0);
}

/** From here on `kubectl rollout status` exits 1 (design §3 fact 3). */
function showFailure(look: Look, draft: Draft): void {
  const { deployment, askedElse } = look;
  const rollsBack = draft.status.phase === "RollingBack";
  if (!rollsBack || !deployment?.paused || deployment.failureShown || askedElse !== undefined) return;
  draft.do({ kind: "showFailure", message: `canary ${look.spec.canary.images.join(", ")} failed: ${causeOf(draft)}` });
}

function canaryGone(look: Look, draft: Draft): boolean {
  const { canary } = look;
  if (!canary || canary.deleting) return look.canaryPods.length === 0;
  if (canary.replicas > 0) {
    draft.do({ kind: "scale", replicaSet: canary.name, resourceVersion: canary.resourceVersion, replicas: 0, removesPods: true });
    return false;
  }
  return look.canaryPods.length === 0;
}

/** One that was taken from the Deployment's history goes back there; one that we made is deleted. */
function canaryCleared(look: Look, draft: Draft): boolean {
  const { canary, deployment, plan } = look;
  if (!canary || canary.deleting || canary.owner !== plan.metadata.uid) return true;
  if (canary.madeBy !== plan.metadata.name && deployment && !deployment.deleting) {
    draft.do({ kind: "own", replicaSet: canary.name, resourceVersion: canary.resourceVersion, by: "deployment" });
  } else {
    draft.do({ kind: "deleteReplicaSet", replicaSet: canary.name, uid: canary.uid });
  }
  return false;
}

/** Takes the hold away, with the stable template where the canary's still stands. A newer request keeps its hold: the next plan is its own. */
function deploymentBack(look: Look, draft: Draft): boolean {
  const { deployment, askedElse, stable, policy } = look;
  const { outcome } = draft.status;
  if (!deployment || deployment.deleting || outcome === "Held" || outcome === "Superseded") return true;
  if (askedElse === "other" || askedElse === "again") return true;
  if (askedElse === "stable") {
    // Between this plan's canary and stable there was another request: the hold stays for the plan that records it.
    if (unrecorded(look.snapshot).length > 0) return true;
    if (!deployment.paused && !deployment.carriesIntent) return true;
    draft.do({ kind: "unhold", resourceVersion: deployment.resourceVersion, template: undefined });
    return false;
  }
  if (outcome === "RolledBack" && !look.snapshot.leaving) {
    const left = parseDuration(policy.revertAfter) - draft.stage("revertAfter");
    if (left > 0) {
      draft.say("CanaryTrafficStopped", `${causeOf(draft)}; the stable template goes back ${policy.revertAfter} after (revertAfter)`);
      draft.wake(left);
      return false;
    }
  }
  if (!stable) return true;
  draft.do({
    kind: "unhold",
    resourceVersion: deployment.resourceVersion,
    template: { replicaSet: stable.name, restore: look.spec.restore },
  });
  return false;
}

/** Why the plan unwinds: the decision that began it. What was waited for since then is no cause. */
function causeOf(draft: Draft): string {
  const causes = (draft.status.journal ?? []).filter(({ reason }) => endingReasons.has(reason));
  return causes.at(-1)?.message ?? draft.status.message;
}

function conclude(look: Look, draft: Draft): void {
  const outcome = draft.status.outcome ?? "Cancelled";
  const why = causeOf(draft);
  finish(draft, look.plan, outcome);
  const images = look.spec.stable.images.join(", ");
  if (outcome === "Held")
    draft.tell("Held", `${why}; ${images} serves, the Deployment stays held with ${look.spec.canary.images.join(", ")}`, "Warning");
  else if (outcome === "RolledBack") draft.tell("RolledBack", `${why}; ${images} serves again`, "Warning");
  else draft.tell(outcome, `${why}; ${images} serves`);
}
