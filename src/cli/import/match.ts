import type { Remarks } from "./remark.ts";

/** The label that every namespace has. */
const nameOfNamespace = "kubernetes.io/metadata.name";

interface Target {
  namespace: string | undefined;
  /** Labels of the Deployment; undefined when they are not known. */
  labels: Record<string, string> | undefined;
}

/** `match` for the one Deployment that was described. A policy is for the whole cluster, so whatever is not said matches more. */
export function matchFor({ namespace, labels }: Target, remarks: Remarks): object {
  if (namespace === undefined)
    remarks.note(
      ["metadata"],
      "has no namespace: the policy is for every namespace that is not a system namespace; narrow match.namespaceSelector",
    );
  if (labels === undefined || Object.keys(labels).length === 0)
    remarks.matters(
      ["metadata"],
      "the labels of the Deployment are not known: the policy is for every Deployment there; write match.deploymentSelector",
    );
  return {
    ...(namespace !== undefined && { namespaceSelector: { matchLabels: { [nameOfNamespace]: namespace } } }),
    ...(labels !== undefined && Object.keys(labels).length > 0 && { deploymentSelector: { matchLabels: labels } }),
  };
}
