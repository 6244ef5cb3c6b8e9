import type { AdmissionCase } from "./admissionCase.ts";
import { type ImagesByContainer, imageChanges, imagesByContainer } from "./images.ts";
import type { PolicyTarget } from "./policyFor.ts";

/** What the policies are asked about: the change from these images to the template of `object`. A namespace newer than the cache has at least its name. */
export function policyTarget(
  { asking, object, world }: Pick<AdmissionCase, "asking" | "object" | "world">,
  before: ImagesByContainer,
): PolicyTarget {
  const images = imagesByContainer(object.spec.template);
  return {
    namespace: asking.namespace,
    namespaceLabels: namespaceLabels(world.namespaceLabels(asking.namespace), asking.namespace),
    deploymentLabels: object.metadata.labels ?? {},
    changes: imageChanges(before, images),
    images,
  };
}

/** The label that kube-apiserver gives every namespace, and nobody takes away. */
export const namespaceName = "kubernetes.io/metadata.name";

export const namespaceLabels = (known: Record<string, string> | undefined, name: string): Record<string, string> =>
  known ?? { [namespaceName]: name };
