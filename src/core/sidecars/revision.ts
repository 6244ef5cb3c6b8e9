import { istio } from "../../api/names.ts";
import type { CanaryPolicy } from "../../api/policy.ts";
import { selectorMismatch } from "../admission/labelSelector.ts";
import type { PlanFact } from "../admission/world.ts";
import type { Fix } from "./demand.ts";
import { own, type PodCase, type PodLike, type Role, replicaSetOf } from "./pod.ts";

/**
 * Whose pod it is, by its hash: a pod names its ReplicaSet, and only the ReplicaSet names the plan. A plan gives its canary a hash of its own, which no
 * other ReplicaSet of the namespace has.
 * @param plansOf plans whose canary has this hash. They come from a cache. The worker makes the ReplicaSet after its own watch has shown it the
 *   plan, and pods come after that: by then the plan is in ours too.
 */
export function roleByHash(pod: PodLike, plansOf: (hash: string) => readonly PlanFact[]): Role {
  const replicaSet = replicaSetOf(pod);
  if (replicaSet === undefined) return "None";
  const isCanary = plansOf(replicaSet.hash).some((plan) => plan.live && !plan.handedOver && plan.canary.hash !== plan.stable.hash);
  return isCanary ? "Canary" : "Stable";
}

/**
 * The label by which Istio's metrics tell revisions apart (`destination_canonical_revision`; without it Istio takes app.kubernetes.io/version, version, then
 * "latest": files/injection-template.yaml of istio's istio-discovery chart), for pods of Deployments in a namespace that some CanaryPolicy is
 * for. Which Deployment a pod belongs to is known, its labels are not, so deploymentSelector is not asked. A label of the team's own stays.
 */
export function revisionFix({ pod, namespaceLabels }: PodCase, policies: readonly CanaryPolicy[]): Fix[] {
  const replicaSet = replicaSetOf(pod);
  if (replicaSet === undefined || own(pod.metadata.labels, istio.canonicalRevision) !== undefined) return [];
  const isUnder = policies.some(
    ({ metadata, spec }) =>
      metadata.deletionTimestamp === undefined &&
      !spec.suspend &&
      selectorMismatch(spec.match.namespaceSelector, namespaceLabels) === undefined,
  );
  return isUnder ? [{ kind: "label", key: istio.canonicalRevision, value: replicaSet.hash }] : [];
}
