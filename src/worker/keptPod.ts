import { isSystemNamespace } from "../core/admission/policyFor.ts";
import { cutDown, type LookedAt } from "../core/sidecars/lookedAt.ts";
import { type PodCase, type PodLike, podCase, type Role } from "../core/sidecars/pod.ts";
import type { Pod } from "../kube/object.ts";
import type { Caches } from "./caches.ts";
import { controllerOf } from "./project.ts";

/** A pod as it is kept to say what it lacks: 0.8 KiB, see `core/sidecars/lookedAt.ts`. */
export interface KeptPod {
  namespace: string;
  /** The uid of its controller. */
  owner: string | undefined;
  /** Whether its controller is a ReplicaSet, as that of each Deployment's pod is. */
  isOfReplicaSet: boolean;
  pod: PodLike;
}

/** Undefined: a pod of a system namespace, or one that has ended, is asked nothing and need not be kept. */
export function keptPod(raw: Pod, looked: LookedAt, ownNamespace: string): KeptPod | undefined {
  const { metadata, status } = raw;
  const { namespace = "", ownerReferences = [] } = metadata;
  if (isSystemNamespace(namespace, ownNamespace) || status?.phase === "Succeeded" || status?.phase === "Failed") return undefined;
  const isOfReplicaSet = ownerReferences.some(({ kind, controller }) => controller === true && kind === "ReplicaSet");
  return { namespace, owner: controllerOf(metadata), isOfReplicaSet, pod: cutDown(raw as unknown as PodLike, looked) };
}

export function caseOf(
  { namespace, owner, isOfReplicaSet, pod }: KeptPod,
  { namespaces, replicaSets }: Pick<Caches, "namespaces" | "replicaSets">,
): PodCase {
  const [set] = isOfReplicaSet ? replicaSets.index("uid", owner ?? "") : [];
  const role: Role = !isOfReplicaSet ? "None" : set?.isOfPlan ? "Canary" : "Stable";
  return podCase(pod, { namespace, known: namespaces.get(namespace)?.labels, role, stage: "Stored" });
}
