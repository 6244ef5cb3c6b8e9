import type { CanaryPolicy } from "../../api/policy.ts";
import type { Admission } from "./admission.ts";
import { admissionCase } from "./admissionCase.ts";
import { admitDeployment } from "./admitDeployment.ts";
import { optOutIgnored } from "./bypass.ts";
import type { DeploymentReview, ReviewedDeployment } from "./deploymentReview.ts";
import { imagesByContainer } from "./images.ts";
import { liveTemplate } from "./live.ts";
import { explainPolicyFor, type PolicyMatch } from "./policyFor.ts";
import { policyOfChange } from "./policyOfChange.ts";
import { policyTarget } from "./policyTarget.ts";
import { admissionReasons } from "./reasons.ts";
import type { World } from "./world.ts";

/** What admission would do to a change that nobody has asked for yet. */
export interface Foreseen extends PolicyMatch {
  decision: Admission["decision"];
  reason: Admission["reason"];
  /** In a sentence that names no plan which does not exist. */
  message: string;
  /** What else the person should know. */
  notes: string[];
}

/** Nothing that is signed with it leaves this file. */
const anyKey = { id: "foresee", secret: new Uint8Array(32) };

/** Asks admission itself. The world's keys are not needed: nobody but the webhook has them. */
export function foresee(oldObject: ReviewedDeployment, object: ReviewedDeployment, someWorld: Omit<World, "keys">): Foreseen {
  const world = { ...someWorld, keys: [anyKey] };
  const { name, namespace } = oldObject.metadata;
  const asking = { requestUid: "foresee", user: "foresee", groups: [], operation: "UPDATE", dryRun: true, namespace, name };
  const review: DeploymentReview = { asking, object, oldObject };
  const { decision, reason, message } = admitDeployment(review, world);
  const c = admissionCase(review, world);
  const before = c.heldBy ? imagesByContainer(oldObject.spec.template) : liveTemplate(c).images;
  const match = explainPolicyFor(policyTarget(c, before), world.policies, world.ownNamespace);
  const policy: CanaryPolicy | undefined = c.heldBy ? policyOfChange(c, c.heldBy) : match.policy;
  const ignored = policy && decision === "Held" ? optOutIgnored(c, policy) : undefined;
  const isAboutWhatExists = decision === "Bypassed" || decision === "Denied" || reason === "Repeated" || reason === "Cancelled";
  return {
    ...(policy === undefined ? {} : { policy }),
    others: match.others,
    decision,
    reason,
    message: isAboutWhatExists ? message : admissionReasons[reason],
    notes: ignored === undefined ? [] : [ignored],
  };
}

/** The Deployment with these images, by container; or the name of a container that it does not have. */
export function withImages(object: ReviewedDeployment, images: ReadonlyMap<string, string>): ReviewedDeployment | { missing: string } {
  const changed = structuredClone(object);
  const containers = [...changed.spec.template.spec.containers, ...(changed.spec.template.spec.initContainers ?? [])];
  for (const [name, image] of images) {
    const container = containers.find((each) => each.name === name);
    if (!container) return { missing: name };
    container.image = image;
  }
  return changed;
}
