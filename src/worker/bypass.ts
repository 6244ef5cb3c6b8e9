import { type Passage, parsePassage } from "../api/passage.ts";
import { type CanaryPlan, isLive, type PlanStatus } from "../api/plan.ts";
import type { CanaryPolicy } from "../api/policy.ts";
import { optsOut } from "../core/admission/bypass.ts";
import { type ImagesByContainer, imageChanges } from "../core/admission/images.ts";
import { policyFor } from "../core/admission/policyFor.ts";
import { namespaceLabels } from "../core/admission/policyTarget.ts";
import { readPassage, type SealKey } from "../core/admission/seal.ts";
import { bypassed } from "../core/admission/words.ts";
import { passedPlan } from "../core/plan/passed.ts";
import type { Caches } from "./caches.ts";
import type { DeploymentProjection } from "./project.ts";

/** A change that reached the cluster without a canary, and why: the same checks and words as in admission, from what the stored objects show. */
export interface Bypass {
  before: DeploymentProjection;
  after: DeploymentProjection;
  policy: CanaryPolicy;
  reason: string;
  message: string;
}

/**
 * A change that a policy is for, of an image or (trigger: Template) of anything else, and that reached the cluster without a canary: admitted on
 * purpose (opted out, nothing to compare, `Recreate` …) or past a webhook that was down. It leaves a plan of phase Bypassed, so that the record has no
 * hole. Undefined when it is none.
 */
export function bypassOf(
  before: DeploymentProjection,
  after: DeploymentProjection,
  caches: Caches,
  ownNamespace: string,
): Bypass | undefined {
  if (before.intent !== undefined || after.intent !== undefined || after.paused || after.deleting) return undefined;
  const key = `${after.namespace}/${after.name}`;
  // A live plan takes care of its Deployment, until that has been handed the canary.
  if (caches.plans.index("deployment", key).some((plan) => isLive(plan) && plan.status?.phase !== "Promoting")) return undefined;
  const images = imagesOf(after);
  const target = {
    namespace: after.namespace,
    namespaceLabels: namespaceLabels(caches.namespaces.get(after.namespace)?.labels, after.namespace),
    deploymentLabels: after.labels,
    changes: imageChanges(imagesOf(before), images),
    images,
  };
  const policy = policyFor(target, caches.policies.values(), ownNamespace);
  return policy && { before, after, policy, ...whyBypassed(before, after, policy, caches) };
}

/**
 * The webhook's own word of this very change, whatever was written after it; one that was copied from an earlier change is none. `unread`: its key is
 * not known yet.
 *
 * @param now Milliseconds since the epoch, by the clock on the wall.
 */
export function noteOf({ before, after }: Bypass, keys: readonly SealKey[], now: number): Passage | "unread" | undefined {
  const claimed = parsePassage(after.passage);
  const isIts = claimed !== undefined && claimed.generation > before.generation && claimed.generation <= after.generation;
  return isIts && claimed.asked.digest === after.digest ? readPassage(after.passage, after.uid, keys, now) : undefined;
}

/** Its record, in the words of its note if there is one. `now` in milliseconds since the epoch. */
export function recordOf(
  { before, after, policy, ...why }: Bypass,
  note: Passage | undefined,
  now: number,
): CanaryPlan & { status: PlanStatus } {
  const { reason, message } = note ?? why;
  const at = new Date(now).toISOString();
  return {
    ...passedPlan({
      namespace: after.namespace,
      name: after.name,
      uid: after.uid,
      generation: note?.generation ?? after.generation,
      before,
      asked: after,
      policy,
      overwritten: note?.overwritten ?? [],
    }),
    status: {
      phase: "Bypassed",
      reason,
      message,
      ...(note === undefined ? {} : { request: note.request }),
      startedAt: at,
      finishedAt: at,
      journal: [{ at, reason, message }],
    },
  };
}

const imagesOf = ({ containers, images }: DeploymentProjection): ImagesByContainer =>
  new Map(containers.map((name, index) => [name, images[index] ?? ""]));

/** When none of admission's checks applies, the webhook was not asked. */
function whyBypassed(
  before: DeploymentProjection,
  after: DeploymentProjection,
  policy: CanaryPolicy,
  caches: Caches,
): { reason: string; message: string } {
  if (optsOut(after.canary, policy)) return bypassed.optOut();
  if (after.replicas === 0) return bypassed.noStable("spec.replicas is 0");
  if (before.availableReplicas === 0) return bypassed.noStable("no stable pod is available");
  if (!policy.spec.canary.allowTwoVersions) {
    if (after.recreate) return bypassed.recreate();
    const alone = after.claims.find((claim) => caches.claims.get(`${after.namespace}/${claim}`) !== true);
    if (alone !== undefined) return bypassed.volume(alone);
    if (after.hostPort !== undefined) return bypassed.hostPort(after.hostPort);
  }
  return {
    reason: "Bypassed",
    message: "the template changed and the webhook was not asked: it was down, or its configuration leaves this change out",
  };
}
