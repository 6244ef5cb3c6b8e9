import type { Change } from "../build/change.ts";
import { aPod, type PodDraft, podsOf } from "../build/pod.ts";
import { aReplicaSet, type ReplicaSetDraft } from "../build/replicaSet.ts";
import { aSidecarPolicy, tracer } from "../build/sidecarPolicy.ts";

/* Pods for the screens about sidecars: the policy `tracing` is in force since 09:00 of the day on which the story begins at 10:00. */

export const tracing = aSidecarPolicy();
export const space = { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop", labels: { "kubernetes.io/metadata.name": "shop" } } };

export const madeAt =
  (time: string): Change<{ metadata: { creationTimestamp?: string } }> =>
  ({ metadata }) => {
    metadata.creationTimestamp = `2026-11-23T${time}:00Z`;
  };

/** Carries what `tracing` asks for. */
export const traced = (): Change<PodDraft> => (draft) => {
  draft.spec.initContainers = [{ ...tracer, restartPolicy: "Always" }];
  draft.spec.volumes = [{ name: "traces", emptyDir: {} }];
};

export const set: ReplicaSetDraft = aReplicaSet();

/** So many pods of the Deployment nginx. */
export const nginxPods = (count: number, ...changes: ReadonlyArray<Change<PodDraft>>): PodDraft[] => podsOf(set, count, ...changes);

/** A pod of another controller, or of nobody. */
export function lonePod(name: string, owner?: { kind: string; name: string }, ...changes: ReadonlyArray<Change<PodDraft>>): PodDraft {
  const controlledBy: Change<PodDraft> = ({ metadata }) => {
    Object.assign(metadata, { name, labels: {} });
    if (owner === undefined) delete metadata.ownerReferences;
    else metadata.ownerReferences = [{ apiVersion: "v1", uid: `${owner.kind}-${owner.name}`, controller: true, ...owner }];
  };
  return aPod(controlledBy, ...changes);
}
