import { annotations } from "../../api/names.ts";
import type { CanaryPolicy } from "../../api/policy.ts";
import { type AdmissionCase, annotationOf } from "./admissionCase.ts";
import type { Words } from "./reasons.ts";
import { claimsIn, hostPortIn } from "./twoVersions.ts";
import { bypassed, kept } from "./words.ts";

/** Why a change that a policy is for rolls out as usual all the same. Each is told to the user and to the audit log. */
export function whyBypass(c: AdmissionCase, policy: CanaryPolicy): Words | undefined {
  for (const check of checks) {
    const words = check(c, policy);
    if (words) return words;
  }
  return undefined;
}

type Check = (c: AdmissionCase, policy: CanaryPolicy) => Words | undefined;

const checks: readonly Check[] = [
  optOut, // the team said so
  noStable, // nothing serves: the fix of a broken stable must get through
  recreate, // the next three: what the team declared forbids two versions beside each other
  sharedVolume,
  hostPort,
  workerIsDown, // a held Deployment would have nobody to move it
  noKeys,
];

/** The value of the annotation by which a Deployment opts out. */
const off = "off";

/** Whether the annotation, with this value, takes the Deployment out of the policy. */
export const optsOut = (canary: string | undefined, { spec }: CanaryPolicy): boolean => canary === off && spec.optOut === "Allow";

function optOut({ object }: AdmissionCase, policy: CanaryPolicy): Words | undefined {
  return optsOut(annotationOf(object, annotations.canary), policy) ? bypassed.optOut() : undefined;
}

/** Who opts out under a policy that forbids it is told so, beside what happens instead. */
export function withOptOutForbidden(c: AdmissionCase, policy: CanaryPolicy, words: Words): Words {
  const ignored = optOutIgnored(c, policy);
  return ignored === undefined ? words : { ...words, warnings: [...words.warnings, ignored] };
}

export const optOutIgnored = ({ object }: AdmissionCase, policy: CanaryPolicy): string | undefined =>
  annotationOf(object, annotations.canary) === off && policy.spec.optOut === "Forbid" ? kept.optOutForbidden(policy) : undefined;

function noStable({ object, oldObject }: AdmissionCase): Words | undefined {
  if (object.spec.replicas === 0) return bypassed.noStable("spec.replicas is 0");
  return (oldObject.status?.availableReplicas ?? 0) > 0 ? undefined : bypassed.noStable("no stable pod is available");
}

function recreate({ object }: AdmissionCase, { spec }: CanaryPolicy): Words | undefined {
  return object.spec.strategy?.type === "Recreate" && !spec.canary.allowTwoVersions ? bypassed.recreate() : undefined;
}

/**
 * The template only names claims; whether one is ReadWriteOnce stands in the claim. One that is not known to be shared counts as not shared.
 * Ephemeral volumes have a claim for each pod, so they are no matter.
 */
function sharedVolume({ object, asking, world }: AdmissionCase, { spec }: CanaryPolicy): Words | undefined {
  if (spec.canary.allowTwoVersions) return undefined;
  const alone = claimsIn(object.spec.template).find((claim) => !world.claimIsShared(asking.namespace, claim));
  return alone === undefined ? undefined : bypassed.volume(alone);
}

function hostPort({ object }: AdmissionCase, { spec }: CanaryPolicy): Words | undefined {
  const port = spec.canary.allowTwoVersions ? undefined : hostPortIn(object.spec.template);
  return port === undefined ? undefined : bypassed.hostPort(port);
}

function workerIsDown({ world }: AdmissionCase, { spec }: CanaryPolicy): Words | undefined {
  return !world.workerIsAlive && spec.whenWorkerIsDown === "Bypass" ? bypassed.workerDown() : undefined;
}

function noKeys({ world }: AdmissionCase): Words | undefined {
  return world.keys.length === 0 ? bypassed.noKeys() : undefined;
}
