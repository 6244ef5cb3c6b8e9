import type { Draft } from "./draft.ts";
import type { Look } from "./look.ts";
import type { ReplicaSetFacts } from "./snapshot.ts";

/*
 * ReplicaSets of the Deployment that are neither revision of this plan. They have pods where a native rollout was under way when the change was held,
 * and where somebody unpaused past the admission for a moment. The controller leaves them alone while it is paused, and counts them as its own.
 */

/** Once traffic is pinned to the two revisions nobody reaches their pods: they go, and the controller gives stable its size again. */
export function clearStrays(look: Look, draft: Draft): void {
  if (!look.deployment?.paused || draft.status.phase === "Preparing" || look.handedOver) return;
  for (const set of straysOf(look)) {
    if (isTwin(look, set)) draft.do({ kind: "deleteReplicaSet", replicaSet: set.name, uid: set.uid });
    else if (set.replicas > 0)
      draft.do({ kind: "scale", replicaSet: set.name, resourceVersion: set.resourceVersion, replicas: 0, removesPods: true });
  }
}

/** Of several ReplicaSets with an equal template the controller takes the oldest: no hand-over beside one (design §3 fact 2c). */
export const hasTwin = (look: Look): boolean => straysOf(look).some((set) => isTwin(look, set));

const isTwin = ({ spec }: Look, { digest }: ReplicaSetFacts): boolean => digest === spec.canary.digest;

const straysOf = ({ snapshot, deployment, spec }: Look): ReplicaSetFacts[] =>
  snapshot.replicaSets.filter(
    ({ owner, deleting, hash }) => owner === deployment?.uid && !deleting && hash !== spec.stable.hash && hash !== spec.canary.hash,
  );
