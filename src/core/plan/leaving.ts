import { finalizers } from "../../api/names.ts";
import { type CanaryPlan, isLive } from "../../api/plan.ts";
import type { Action } from "./action.ts";
import { byWhom } from "./requestUid.ts";
import type { DeploymentFacts, ReplicaSetFacts, Snapshot } from "./snapshot.ts";
import { tendHeld } from "./tendHeld.ts";

/*
 * Serin is being uninstalled, or the kind of its plans is: what is under way goes back to stable (`uninstalling` in endings.ts), what is held gets its
 * stable template back, and nothing new begins.
 *
 *   live plans ─▶ Cancelled        held ones ─▶ stable template, unpaused        a hold without a plan ─▶ rolls out as it would have without Serin
 *                                  └────────── then our annotations, labels and finalizers on what is the team's ──────────┘
 */

/** What a Deployment without a live plan still has of ours: one kind of action at a time, the most urgent first. */
export function leave(snapshot: Snapshot): Action[] {
  const held = tendHeld(snapshot);
  if (held.length > 0) return held;
  const { deployment, replicaSets } = snapshot;
  const kept = replicaSets.filter((set) => set.kept).map(({ name }): Action => ({ kind: "letStableGo", replicaSet: name }));
  if (!deployment || deployment.deleting) return kept;
  if (deployment.carriesIntent) return [...kept, ...unheld(snapshot, deployment)];
  const marks: Action[] =
    deployment.traces || deployment.asked ? [{ kind: "clearMarks", resourceVersion: deployment.resourceVersion }] : [];
  const labels = replicaSets
    .filter((set) => isTrace(set) && set.owner === deployment.uid)
    .map(({ name }): Action => ({ kind: "unmark", replicaSet: name }));
  const all = [...kept, ...marks, ...labels];
  return all.length === 0 && deployment.marked ? [{ kind: "disown", object: "deployment" }] : all;
}

/** Also with an intent that can't be verified any more: the keys may be gone already, and nobody else will ever take this hold away. */
function unheld(snapshot: Snapshot, { resourceVersion, images }: DeploymentFacts): Action[] {
  const message = `Serin is being uninstalled: the hold on ${images.join(", ")}${byWhom(snapshot)} ends, and it rolls out as usual`;
  return [
    { kind: "unhold", resourceVersion, template: undefined },
    { kind: "event", type: "Warning", reason: "Uninstalling", message },
  ];
}

const isTrace = ({ madeBy, noted, deleting }: Pick<ReplicaSetFacts, "madeBy" | "noted" | "deleting">): boolean =>
  (madeBy !== undefined || noted) && !deleting;

/** What is looked at before Serin goes: all of the cluster. */
export interface Everything {
  plans: Iterable<CanaryPlan>;
  deployments: Iterable<Named<Pick<DeploymentFacts, "carriesIntent" | "asked" | "traces" | "marked" | "deleting">>>;
  replicaSets: Iterable<Named<Pick<ReplicaSetFacts, "kept" | "madeBy" | "noted" | "deleting">>>;
}
type Named<T> = T & { namespace: string; name: string };

/**
 * What of ours still stands. `owed` must be gone before the worker goes, or somebody's Deployment stays held, or an object never goes: live plans,
 * holds, finalizers. `traces` are annotations and labels that do nothing; no uninstallation waits for them for ever.
 */
export function remains({ plans, deployments, replicaSets }: Everything): { owed: string[]; traces: string[] } {
  const owed: string[] = [];
  const traces: string[] = [];
  for (const plan of plans)
    if (isLive(plan) || plan.metadata.finalizers?.includes(finalizers.plan))
      owed.push(`plan ${plan.metadata.namespace}/${plan.metadata.name}`);
  for (const each of deployments) {
    if (each.deleting) continue;
    if (each.carriesIntent) owed.push(`held Deployment ${each.namespace}/${each.name}`);
    else if (each.traces || each.asked || each.marked) traces.push(`Deployment ${each.namespace}/${each.name}`);
  }
  for (const each of replicaSets) {
    if (each.kept) owed.push(`ReplicaSet ${each.namespace}/${each.name}`);
    else if (isTrace(each)) traces.push(`ReplicaSet ${each.namespace}/${each.name}`);
  }
  return { owed, traces };
}
