import { parseDuration } from "../../api/duration.ts";
import type { CanaryPlan, Phase } from "../../api/plan.ts";
import type { Draft } from "./draft.ts";
import { endAnalysis } from "./endings.ts";
import { type Look, podsInCount, readyOf, settledAt } from "./look.ts";
import { provenEmpty } from "./proof.ts";
import { restoreActions, ruleDeletions, weightNow } from "./routes.ts";
import { podsNeeded, weightReached } from "./steps.ts";
import { hasTwin } from "./strays.ts";

/*
 * Promotion by custody and hand-over (design §3 fact 2): the very pods that passed go on serving, nothing starts twice.
 *
 *   weight 100, settled, all canary pods ready
 *   ├ custody     stable ReplicaSet: Deployment ▶ plan      the controller no longer sees it
 *   ├ hand-over   canary ReplicaSet: plan ▶ Deployment      the controller sees this one alone and scales it to spec.replicas
 *   ├ unhold      unless another change was asked for meanwhile: then it stays held for the next plan
 *   ├ complete    all pods available; scaleDownDelay
 *   ├ lower       stable to 0, by us alone, while the routes still point at the canary
 *   ├ un-split    settle; then the subsets go
 *   └ give back   the empty stable ReplicaSet to the Deployment: `rollout history` and `rollout undo` work as always
 */
export function promote(look: Look, draft: Draft): void {
  draft.enter("Promoting");
  if (!look.handedOver) handOver(look, draft);
  else if (isRollingPast(look)) letItRoll(look, draft);
  else if (unheld(look, draft) && complete(look, draft) && lowered(look, draft) && unrouted(look, draft)) giveBack(look, draft);
}

/** The webhook was not asked about another template, and the controller is rolling it out. */
const isRollingPast = ({ deployment, askedElse }: Look): boolean => askedElse !== undefined && deployment?.paused === false;

/** The subset of this canary loses its pods to that rollout: the routes go back at once, while the old pods are there to help. */
function letItRoll(look: Look, draft: Draft): void {
  draft.tellOnce(
    "RolledPast",
    `${look.deployment?.images.join(", ")} rolls out past the webhook during the promotion: the routes go back first`,
  );
  if (unrouted(look, draft) && lowered(look, draft)) giveBack(look, draft);
}

function handOver(look: Look, draft: Draft): void {
  const { deployment, canary, stable, policy } = look;
  if (!deployment || !canary) return;
  if (draft.status.weight?.desired !== 100) {
    const before = draft.status.weight?.desired ?? 0;
    draft.status.weight = { desired: 100, changedAt: draft.time };
    draft.tell("TrafficWeightUpdated", `promotion: weight ${before} → 100`);
  }
  // In custody there is only one way, on: who scales between the two swaps is heard once the controller has a ReplicaSet again.
  if (!look.inCustody && !carriesAll(look, draft, deployment.replicas)) return;
  draft.stage("handOver");
  if (stable && !look.inCustody) draft.do({ kind: "own", replicaSet: stable.name, resourceVersion: stable.resourceVersion, by: "plan" });
  else
    draft.do({
      kind: "own",
      replicaSet: canary.name,
      resourceVersion: canary.resourceVersion,
      by: "deployment",
      revision: nextRevision(look),
    });
  draft.say(
    "Promoting",
    `handing ${canary.name} (${podsInCount(canary.ready)}) to the Deployment; ${draft.status.step?.index ?? 0} of ${policy.steps.length} steps done`,
  );
}

/** The canary is of the Deployment's size, ready, and gets every request. */
function carriesAll(look: Look, draft: Draft, replicas: number): boolean {
  if (hasTwin(look) || !weightReached(look, draft, 100) || readyOf(look.canaryPods) < replicas || look.canary?.replicas !== replicas)
    return false;
  return provenEmpty(look, draft, 100);
}

/** The revision of the promoted ReplicaSet must be above stable's, which the controller can't see while it is in custody. */
export const nextRevision = (look: Look): number =>
  Math.max(0, ...look.snapshot.replicaSets.filter(({ name }) => name !== look.canary?.name).map(({ revision }) => revision)) + 1;

/** The hold goes, unless the Deployment asks for another change by now: that one needs it. A pause after that is the user's own. */
function unheld(look: Look, draft: Draft): boolean {
  const { deployment, askedElse } = look;
  if (!deployment?.paused || askedElse !== undefined || (draft.toldOf("HandedOver") && !deployment.carriesIntent)) return true;
  draft.stage("unhold");
  draft.tellOnce("HandedOver", `${look.canary?.name ?? ""} belongs to the Deployment now; the hold ends`);
  draft.do({ kind: "unhold", resourceVersion: deployment.resourceVersion, template: undefined });
  return false;
}

function complete(look: Look, draft: Draft): boolean {
  const { deployment, canary, policy } = look;
  if (!deployment || !canary) return true;
  const done =
    deployment.observedGeneration >= deployment.generation &&
    canary.available >= deployment.replicas &&
    (deployment.paused || deployment.updatedReplicas >= deployment.replicas);
  if (!done && draft.status.stage !== "delay" && draft.status.stage !== "lower" && draft.status.stage !== "unroute") {
    draft.stage("complete");
    draft.say("HandedOver", `${canary.available} of ${deployment.replicas} pods available`);
    return false;
  }
  const delay = look.snapshot.leaving ? 0 : parseDuration(policy.canary.scaleDownDelay);
  if (delay === 0 || draft.status.stage === "lower" || draft.status.stage === "unroute") return true;
  const left = delay - draft.stage("delay");
  if (left <= 0) return true;
  draft.say("HandedOver", `the old pods stay for ${policy.canary.scaleDownDelay} (scaleDownDelay)`);
  draft.wake(left);
  return false;
}

function lowered(look: Look, draft: Draft): boolean {
  const { stable } = look;
  // One that is the Deployment's again is its controller's to size.
  if (!stable || !look.inCustody) return true;
  if (stable.replicas > 0) {
    draft.stage("lower");
    draft.say("HandedOver", `lowering ${stable.name} from ${stable.replicas} to 0: it gets no requests any more`);
    draft.do({ kind: "scale", replicaSet: stable.name, resourceVersion: stable.resourceVersion, replicas: 0, removesPods: true });
    return false;
  }
  return look.stablePods.length === 0;
}

/** Routes as they were, then no subsets. Also false while the last change settles. */
export function unrouted(look: Look, draft: Draft): boolean {
  const restore = restoreActions(look);
  const subsets = ruleDeletions(look);
  if (restore.length === 0 && subsets.length === 0) return true;
  const settled = settledAt(look.snapshot);
  draft.stage("unroute");
  if (draft.now < settled) {
    draft.say(
      "WaitingForRoutes",
      `before the ${restore.length > 0 ? "split" : "subsets"} can go: waiting until every proxy has heard of the last change (${look.snapshot.settle.message})`,
    );
    draft.wake(settled - draft.now);
    return false;
  }
  for (const action of restore.length > 0 ? restore : subsets) draft.do(action);
  return false;
}

function giveBack(look: Look, draft: Draft): void {
  const { stable, deployment, spec } = look;
  if (stable && look.inCustody && deployment && !deployment.deleting) {
    draft.stage("giveBack");
    draft.do({ kind: "own", replicaSet: stable.name, resourceVersion: stable.resourceVersion, by: "deployment" });
    return;
  }
  if (stable?.kept) {
    draft.do({ kind: "letStableGo", replicaSet: stable.name });
    return;
  }
  finish(draft, look.plan, "Promoted");
  draft.tell(
    "Promoted",
    `${spec.canary.images.join(", ")} serves everything: ${podsInCount(podsNeeded(look, 100))}${skippedSteps(draft) ? "" : ", the same that were analysed"}; weight ${weightNow(look) ?? 100}`,
  );
}

const skippedSteps = (draft: Draft): boolean => draft.toldOf("WithinRollbackWindow") || draft.toldOf("PromotedByUser");

/** The end of a plan, whatever it is. One that holds the Deployment on keeps its finalizer (see `tendHeld`). */
export function finish(draft: Draft, { metadata }: CanaryPlan, outcome: Phase): void {
  draft.enter(outcome);
  draft.status.finishedAt = draft.time;
  endAnalysis(draft);
  delete draft.status.stage;
  delete draft.status.stageSince;
  delete draft.status.outcome;
  if (outcome !== "Held") draft.do({ kind: "releasePlan", plan: metadata.name });
}
