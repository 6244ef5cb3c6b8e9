import { annotations } from "../../api/names.ts";
import type { CanaryPolicy } from "../../api/policy.ts";
import { type AdmissionCase, annotationOf } from "./admissionCase.ts";
import type { Words } from "./reasons.ts";
import { bypassed } from "./words.ts";

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

function optOut({ object }: AdmissionCase): Words | undefined {
  return annotationOf(object, annotations.canary) === "off" ? bypassed.optOut() : undefined;
}

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
  const claims = (object.spec.template.spec.volumes ?? []).flatMap((volume) => claimNameOf(volume) ?? []);
  const alone = claims.find((claim) => !world.claimIsShared(asking.namespace, claim));
  return alone === undefined ? undefined : bypassed.volume(alone);
}

function claimNameOf(volume: Record<string, unknown>): string | undefined {
  const claim = volume["persistentVolumeClaim"] as { claimName?: unknown } | undefined;
  return typeof claim?.claimName === "string" ? claim.claimName : undefined;
}

/** With hostNetwork every container port is a port of the node. */
function hostPort({ object }: AdmissionCase, { spec }: CanaryPolicy): Words | undefined {
  if (spec.canary.allowTwoVersions) return undefined;
  const pod = object.spec.template.spec;
  const ports = [...pod.containers, ...(pod.initContainers ?? [])].flatMap((container) => container.ports ?? []);
  const taken = ports.flatMap((port) => port.hostPort || (pod["hostNetwork"] === true ? port.containerPort : []));
  return taken[0] === undefined ? undefined : bypassed.hostPort(taken[0]);
}

function workerIsDown({ world }: AdmissionCase, { spec }: CanaryPolicy): Words | undefined {
  return !world.workerIsAlive && spec.whenWorkerIsDown === "Bypass" ? bypassed.workerDown() : undefined;
}

function noKeys({ world }: AdmissionCase): Words | undefined {
  return world.keys.length === 0 ? bypassed.noKeys() : undefined;
}
