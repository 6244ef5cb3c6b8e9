import { mirrorPod, podTemplateHash } from "../../api/names.ts";
import { whySystem } from "../admission/policyFor.ts";
import { namespaceLabels } from "../admission/policyTarget.ts";

/* A pod and what is known around it, as far as sidecars need it. */

export interface PodContainer {
  name: string;
  restartPolicy?: string;
  env?: ReadonlyArray<{ name: string; [field: string]: unknown }>;
  [field: string]: unknown;
}

/** A pod as it is on the wire; only what is read is named. At admission it may have no name yet. */
export interface PodLike {
  metadata: {
    name?: string;
    generateName?: string;
    labels?: Readonly<Record<string, string>>;
    annotations?: Readonly<Record<string, string>>;
    ownerReferences?: ReadonlyArray<{ kind: string; name: string; controller?: boolean }>;
    creationTimestamp?: string | null;
    deletionTimestamp?: string;
  };
  spec: {
    containers: readonly PodContainer[];
    initContainers?: readonly PodContainer[];
    ephemeralContainers?: readonly PodContainer[];
    volumes?: ReadonlyArray<{ name: string; [source: string]: unknown }>;
    restartPolicy?: string;
    hostNetwork?: boolean;
    os?: { name?: string };
    securityContext?: { runAsUser?: number; [field: string]: unknown };
    resources?: object;
    [field: string]: unknown;
  };
  status?: { phase?: string };
}

/**
 * Whose pod it is. Canary: of a ReplicaSet that a CanaryPlan owns. Stable: of any other ReplicaSet. None: of nothing that Serin makes a canary of.
 * A pod names only its ReplicaSet as its owner; who knows ReplicaSets asks for the owner of that one, the webhook goes by the hash (`roleByHash`).
 */
export type Role = "Canary" | "Stable" | "None";

export interface PodCase {
  pod: PodLike;
  namespace: string;
  namespaceLabels: Readonly<Record<string, string>>;
  /** false: it is newer than the cache, so it may have any labels. */
  isNamespaceKnown: boolean;
  role: Role;
  /** Admission: what is missing is being added, and Istio's injector comes after us. Stored: the pod is what it is. */
  stage: "Admission" | "Stored";
}

/** @param known labels of the namespace; undefined when it is newer than the cache */
export const podCase = (
  pod: PodLike,
  about: { namespace: string; known: Readonly<Record<string, string>> | undefined; role: Role; stage: PodCase["stage"] },
): PodCase => ({
  pod,
  namespace: about.namespace,
  namespaceLabels: namespaceLabels(about.known, about.namespace),
  isNamespaceKnown: about.known !== undefined,
  role: about.role,
  stage: about.stage,
});

/** The value of an own label or annotation; keys are the users', so only own members count. */
export const own = (record: Readonly<Record<string, string>> | undefined, key: string): string | undefined =>
  record && Object.hasOwn(record, key) ? record[key] : undefined;

/** The ReplicaSet that a pod belongs to, with its hash. */
export function replicaSetOf({ metadata }: PodLike): { name: string; hash: string } | undefined {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  const hash = own(metadata.labels, podTemplateHash);
  return owner?.kind === "ReplicaSet" && hash !== undefined ? { name: owner.name, hash } : undefined;
}

/** Whether the pod is to end by itself, as every Job's is: a container that goes on would keep it alive. */
export const endsByItself = ({ spec }: PodLike): boolean => spec.restartPolicy === "Never" || spec.restartPolicy === "OnFailure";

/** All containers, whichever list they are in. Names are unique over all of them. */
export const containersOf = ({ spec }: PodLike): PodContainer[] => [
  ...spec.containers,
  ...(spec.initContainers ?? []),
  ...(spec.ephemeralContainers ?? []),
];

/**
 * Why no policy is for this pod, in words; undefined when one may be. Such pods are neither matched nor missing.
 *   a mirror pod stands for a file on a node, and the API server's copy must say what the file says (serviceaccount/admission.go says the same);
 *   on the node's network Istio never injects (`injectRequired` in istio:pkg/kube/inject/inject.go), and a port of ours would be the node's;
 *   on Windows most of what *restricted* asks for is refused by the pod's own validation.
 */
export function whyExempt({ pod, namespace, stage }: PodCase, ownNamespace: string): string | undefined {
  const { metadata, spec, status } = pod;
  const system = whySystem(namespace, ownNamespace);
  if (system !== undefined) return system;
  if (own(metadata.annotations, mirrorPod) !== undefined) return "it is a mirror pod of the kubelet";
  if (spec.hostNetwork === true) return "it is on the node's network";
  if (spec.os?.name === "windows") return "it is a Windows pod";
  if (metadata.deletionTimestamp !== undefined) return "it is being deleted";
  if (stage === "Stored" && (status?.phase === "Succeeded" || status?.phase === "Failed")) return "it has ended";
  return undefined;
}
