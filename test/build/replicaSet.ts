import { podTemplateHash, revision } from "../../src/api/names.ts";
import type { PodTemplateSpec, ReplicaSet } from "../../src/kube/object.ts";
import { built, type Change } from "./change.ts";
import { at, canaryImage, deploymentName, deploymentUid, labels, namespace, planUid, revisionOf, stableImage, template } from "./story.ts";

export type ReplicaSetDraft = ReplicaSet & { spec: NonNullable<ReplicaSet["spec"]>; status: NonNullable<ReplicaSet["status"]> };

/** The stable one: nginx:1.23.0, revision 3, owned by the Deployment, four pods ready. */
export function aReplicaSet(...changes: ReadonlyArray<Change<ReplicaSetDraft>>): ReplicaSetDraft {
  return built(draftOf(stableImage), changes);
}

/** The canary's: nginx:1.24.0, revision 4, owned by the plan, one pod ready. */
export function aCanaryReplicaSet(...changes: ReadonlyArray<Change<ReplicaSetDraft>>): ReplicaSetDraft {
  return built(draftOf(canaryImage), [ownedByPlan(), atRevision(4), withPods(1), ...changes]);
}

function draftOf(image: string): ReplicaSetDraft {
  const { hash } = revisionOf(image);
  const matchLabels = { ...labels, [podTemplateHash]: hash };
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `${deploymentName}-${hash}`,
      namespace,
      uid: `b0000000-0000-4000-8000-${hash.padEnd(12, "0")}`,
      generation: 1,
      resourceVersion: "300",
      creationTimestamp: image === canaryImage ? at(1) : at(-86_400),
      annotations: { [revision]: "3" },
      labels: matchLabels,
      ownerReferences: [{ apiVersion: "apps/v1", kind: "Deployment", name: deploymentName, uid: deploymentUid, controller: true }],
    },
    spec: { replicas: 4, selector: { matchLabels }, template: template(image, matchLabels) as unknown as PodTemplateSpec },
    status: { observedGeneration: 1, replicas: 4, fullyLabeledReplicas: 4, readyReplicas: 4, availableReplicas: 4 },
  };
}

/** Of another image of the story: another hash, another name. */
export const ofImage =
  (image: string): Change<ReplicaSetDraft> =>
  (draft) => {
    const { metadata, spec } = draftOf(image);
    draft.metadata = { ...metadata, ownerReferences: draft.metadata.ownerReferences ?? [], annotations: draft.metadata.annotations ?? {} };
    draft.spec = { ...spec, replicas: draft.spec.replicas ?? 0 };
  };

/** So many pods wanted; ready ones as many unless said otherwise. */
export const withPods =
  (replicas: number, ready: number = replicas): Change<ReplicaSetDraft> =>
  ({ spec, status }) => {
    spec.replicas = replicas;
    Object.assign(status, { replicas, fullyLabeledReplicas: replicas, readyReplicas: ready, availableReplicas: ready });
  };

export const atRevision =
  (number: number): Change<ReplicaSetDraft> =>
  ({ metadata }) => {
    metadata.annotations = { ...metadata.annotations, [revision]: String(number) };
  };

export const ownedByPlan =
  (name = `${deploymentName}-x7k2m`, uid: string = planUid): Change<ReplicaSetDraft> =>
  ({ metadata }) => {
    metadata.ownerReferences = [{ apiVersion: "serin.dev/v1alpha1", kind: "CanaryPlan", name, uid, controller: true }];
  };

export const ownedByDeployment =
  (name: string = deploymentName, uid: string = deploymentUid): Change<ReplicaSetDraft> =>
  ({ metadata }) => {
    metadata.ownerReferences = [{ apiVersion: "apps/v1", kind: "Deployment", name, uid, controller: true }];
  };
