import type { Pod } from "../../src/kube/object.ts";
import { built, type Change } from "./change.ts";
import { aReplicaSet, type ReplicaSetDraft } from "./replicaSet.ts";
import { at, container } from "./story.ts";

export type PodDraft = Pod & { spec: NonNullable<Pod["spec"]>; status: NonNullable<Pod["status"]> };

/** A ready pod of the stable ReplicaSet. */
export function aPod(...changes: ReadonlyArray<Change<PodDraft>>): PodDraft {
  return built(podOf(aReplicaSet(), 0), changes);
}

/** So many ready pods of a ReplicaSet, with names and uids of their own. */
export function podsOf(replicaSet: ReplicaSetDraft, count: number, ...changes: ReadonlyArray<Change<PodDraft>>): PodDraft[] {
  return Array.from({ length: count }, (_, index) => built(podOf(replicaSet, index), changes));
}

const suffixes = "bcdfghjklmnpqrstvwxz";

function podOf(owner: ReplicaSetDraft, index: number): PodDraft {
  const suffix = `${suffixes[Math.floor(index / suffixes.length) % suffixes.length]}4x2${suffixes[index % suffixes.length]}`;
  const name = `${owner.metadata.name}-${suffix}`;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: owner.metadata.namespace ?? "",
      uid: `f0000000-0000-4000-8000-${name}`,
      resourceVersion: "400",
      creationTimestamp: owner.metadata.creationTimestamp ?? at(0),
      labels: { ...owner.spec.selector.matchLabels },
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "ReplicaSet", name: owner.metadata.name ?? "", uid: owner.metadata.uid ?? "", controller: true },
      ],
    },
    spec: structuredClone(owner.spec.template?.spec ?? { containers: [] }),
    status: {
      phase: "Running",
      podIP: `10.244.0.${index + 10}`,
      startTime: owner.metadata.creationTimestamp ?? at(0),
      conditions: [{ type: "Ready", status: "True" }],
      containerStatuses: [
        { name: container, image: "", imageID: "", ready: true, restartCount: 0, state: { running: { startedAt: at(0) } } },
      ],
    },
  };
}

export const ofReplicaSet =
  (owner: ReplicaSetDraft, index = 0): Change<PodDraft> =>
  (draft) =>
    void Object.assign(draft, podOf(owner, index));

/** Runs, but its readiness probe fails. */
export const unready = (): Change<PodDraft> => (draft) => {
  draft.status.conditions = [{ type: "Ready", status: "False", reason: "ContainersNotReady" }];
  for (const each of draft.status.containerStatuses ?? []) each.ready = false;
};

/** A container that waits: `waiting("CrashLoopBackOff", 4)`, `waiting("ErrImagePull")`. */
export const waiting =
  (reason: string, restarts = 0): Change<PodDraft> =>
  (draft) => {
    unready()(draft);
    draft.status.phase = restarts > 0 ? "Running" : "Pending";
    for (const each of draft.status.containerStatuses ?? [])
      Object.assign(each, { restartCount: restarts, state: { waiting: { reason } } });
  };

export const terminating =
  (seconds = 0): Change<PodDraft> =>
  ({ metadata }) => {
    metadata.deletionTimestamp = at(seconds);
  };
