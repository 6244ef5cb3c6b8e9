import type { Intent } from "../../api/intent.ts";
import type { CanaryPolicy } from "../../api/policy.ts";
import type { AdmissionCase } from "./admissionCase.ts";
import { imageChanges, imagesByContainer } from "./images.ts";
import { policyFor } from "./policyFor.ts";

/**
 * The policy for another template on a held Deployment: the one that is for this change now, else the one that holds it. A change that no policy
 * is for (an environment variable, say) still makes another template, and what runs as a canary is then not what was asked for.
 */
export function policyOfChange({ asking, object, oldObject, world }: AdmissionCase, heldBy: Intent): CanaryPolicy | undefined {
  const images = imagesByContainer(object.spec.template);
  const target = {
    namespace: asking.namespace,
    namespaceLabels: world.namespaceLabels(asking.namespace) ?? { "kubernetes.io/metadata.name": asking.namespace },
    deploymentLabels: object.metadata.labels ?? {},
    changes: imageChanges(imagesByContainer(oldObject.spec.template), images),
    images,
  };
  const { policy } = policyFor(target, world.policies, world.ownNamespace);
  return policy ?? world.policies.find((candidate) => candidate.metadata.name === heldBy.policy);
}
