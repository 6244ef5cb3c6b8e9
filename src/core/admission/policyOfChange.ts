import type { Intent } from "../../api/intent.ts";
import type { CanaryPolicy } from "../../api/policy.ts";
import type { AdmissionCase } from "./admissionCase.ts";
import { imagesByContainer } from "./images.ts";
import { policyFor } from "./policyFor.ts";
import { policyTarget } from "./policyTarget.ts";

/**
 * The policy for another template on a held Deployment: the one that is for this change now, else the one that holds it. A change that no policy
 * is for (an environment variable, say) still makes another template, and what runs as a canary is then not what was asked for.
 */
export function policyOfChange(c: AdmissionCase, heldBy: Intent): CanaryPolicy | undefined {
  const { oldObject, world } = c;
  const policy = policyFor(policyTarget(c, imagesByContainer(oldObject.spec.template)), world.policies, world.ownNamespace);
  return policy ?? world.policies.find((candidate) => candidate.metadata.name === heldBy.policy);
}
