import type { Draft } from "./draft.ts";
import type { Look } from "./look.ts";
import type { ReplicaSetFacts } from "./snapshot.ts";

/*
 * ReplicaSets of the Deployment that are neither revision of this plan.
 *
 *   twin    of the canary's own template: made when somebody unpaused past the admission for a moment, or left by an earlier rollout
 *   other   of a native rollout that was under way when the change was held
 */

/**
 * A twin goes at once: as soon as it has all its pods the controller takes it for the finished rollout and empties stable, also while it is paused.
 * Others go once traffic is pinned to the two revisions: nobody reaches their pods then, and the controller gives stable its size again.
 */
export function clearStrays(look: Look, draft: Draft): void {
  const { deployment, canary } = look;
  if (!deployment?.paused || look.handedOver) return;
  // A leftover with pods that this plan goes on with is as dangerous as a twin until it is the plan's own.
  if (draft.status.phase === "Preparing" && canary && canary.owner === deployment.uid && canary.replicas > 0)
    draft.do({ kind: "own", replicaSet: canary.name, resourceVersion: canary.resourceVersion, by: "plan" });
  const pinned = draft.status.phase !== "Preparing" && draft.status.outcome === undefined;
  for (const set of straysOf(look)) {
    if (isTwin(look, set)) draft.do({ kind: "deleteReplicaSet", replicaSet: set.name, uid: set.uid });
    else if (pinned && set.replicas > 0)
      draft.do({ kind: "scale", replicaSet: set.name, resourceVersion: set.resourceVersion, replicas: 0, removesPods: true });
  }
}

/** Of several ReplicaSets with an equal template the controller takes the oldest: no hand-over beside one (design §3 fact 2c). */
export const hasTwin = (look: Look): boolean => straysOf(look).some((set) => isTwin(look, set));

const isTwin = ({ spec }: Look, { digest }: ReplicaSetFacts): boolean => digest === spec.canary.digest && digest !== spec.stable.digest;

const straysOf = ({ snapshot, deployment, spec }: Look): ReplicaSetFacts[] =>
  snapshot.replicaSets.filter(
    ({ owner, deleting, hash }) => owner === deployment?.uid && !deleting && hash !== spec.stable.hash && hash !== spec.canary.hash,
  );
