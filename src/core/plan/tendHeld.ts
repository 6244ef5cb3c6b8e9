import type { CanaryPlan } from "../../api/plan.ts";
import type { Action } from "./action.ts";
import { answers, requestUid } from "./requestUid.ts";
import type { DeploymentFacts, Snapshot } from "./snapshot.ts";

/**
 * What a plan that ended Held still owes: its failure stays visible for as long as the Deployment is held by it, and whoever deletes its record
 * gives the change up, so the stable template goes back first (otherwise the request would look as if it had never had its plan). Its finalizer
 * goes once something else is asked for.
 */
export function tendHeld(snapshot: Snapshot): Action[] {
  return snapshot.heldPlans.flatMap((plan): Action[] => {
    const { deployment } = snapshot;
    // Whoever lets a Deployment go takes the intent away in the same write.
    if (!deployment || !isIts(plan, deployment) || (!deployment.paused && !isAsked(plan, snapshot)))
      return [{ kind: "releasePlan", plan: plan.metadata.name }];
    if (!deployment.paused) return repaused(deployment);
    if (plan.metadata.deletionTimestamp || snapshot.leaving) return giveBack(plan, snapshot);
    return deployment.failureShown ? [] : [{ kind: "showFailure", message: plan.status?.message ?? "" }];
  });
}

const isIts = ({ spec }: CanaryPlan, { uid, digest, deleting }: DeploymentFacts): boolean =>
  uid === spec.deployment.uid && digest === spec.canary.digest && !deleting;

const isAsked = ({ spec }: CanaryPlan, { intent, deployment }: Snapshot): boolean =>
  intent !== undefined && answers(spec.request?.uid, requestUid(intent, deployment?.digest ?? ""));

/** Pausing comes before everything else. */
export const repaused = ({ resourceVersion }: DeploymentFacts): Action[] => [
  { kind: "pause", resourceVersion },
  { kind: "event", type: "Warning", reason: "RepausedDeployment", message: repausedMessage },
];
export const repausedMessage = "somebody unpaused the held Deployment past the admission; it was paused again";

/** The finalizers first: one that a crash left on a ReplicaSet would keep it for ever. */
function giveBack({ metadata, spec }: CanaryPlan, { deployment, replicaSets, leaving }: Snapshot): Action[] {
  const stable = replicaSets.find(({ hash, owner }) => hash === spec.stable.hash && owner === deployment?.uid);
  if (!deployment || !stable) return [{ kind: "releasePlan", plan: metadata.name }];
  const [reason, why] =
    metadata.deletionTimestamp || !leaving
      ? ["PlanDeleted", `plan ${metadata.name} was deleted`]
      : ["Uninstalling", "Serin is being uninstalled"];
  const message = `${why}: back to stable, ${spec.stable.images.join(", ")}`;
  return [
    ...(stable.kept ? [{ kind: "letStableGo", replicaSet: stable.name } as const] : []),
    { kind: "unhold", resourceVersion: deployment.resourceVersion, template: { replicaSet: stable.name, restore: spec.restore } },
    { kind: "event", type: "Normal", reason, message },
  ];
}
