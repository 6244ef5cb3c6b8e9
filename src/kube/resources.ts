/** The resources that Serin reads or writes, and the address of each on the API server. */
import { group as serinGroup, version as serinVersion } from "../api/names.ts";

export interface Resource {
  /** "" for the core group. */
  group: string;
  version: string;
  /** The lower-case plural, as in the URL. */
  plural: string;
  kind: string;
  namespaced: boolean;
}

const namespaced = (group: string, version: string, plural: string, kind: string): Resource => ({
  group,
  version,
  plural,
  kind,
  namespaced: true,
});
const clusterWide = (group: string, version: string, plural: string, kind: string): Resource => ({
  group,
  version,
  plural,
  kind,
  namespaced: false,
});

export const resources = {
  deployments: namespaced("apps", "v1", "deployments", "Deployment"),
  daemonsets: namespaced("apps", "v1", "daemonsets", "DaemonSet"),
  statefulsets: namespaced("apps", "v1", "statefulsets", "StatefulSet"),
  replicasets: namespaced("apps", "v1", "replicasets", "ReplicaSet"),
  pods: namespaced("", "v1", "pods", "Pod"),
  services: namespaced("", "v1", "services", "Service"),
  events: namespaced("events.k8s.io", "v1", "events", "Event"),
  leases: namespaced("coordination.k8s.io", "v1", "leases", "Lease"),
  namespaces: clusterWide("", "v1", "namespaces", "Namespace"),
  secrets: namespaced("", "v1", "secrets", "Secret"),
  configmaps: namespaced("", "v1", "configmaps", "ConfigMap"),
  serviceaccounts: namespaced("", "v1", "serviceaccounts", "ServiceAccount"),
  persistentvolumeclaims: namespaced("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim"),
  endpointslices: namespaced("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"),
  virtualservices: namespaced("networking.istio.io", "v1", "virtualservices", "VirtualService"),
  destinationrules: namespaced("networking.istio.io", "v1", "destinationrules", "DestinationRule"),
  canarypolicies: clusterWide(serinGroup, serinVersion, "canarypolicies", "CanaryPolicy"),
  canaryplans: namespaced(serinGroup, serinVersion, "canaryplans", "CanaryPlan"),
  metrictemplates: clusterWide(serinGroup, serinVersion, "metrictemplates", "MetricTemplate"),
  sidecarpolicies: clusterWide(serinGroup, serinVersion, "sidecarpolicies", "SidecarPolicy"),
  clusterroles: clusterWide("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole"),
  clusterrolebindings: clusterWide("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding"),
  mutatingwebhookconfigurations: clusterWide(
    "admissionregistration.k8s.io",
    "v1",
    "mutatingwebhookconfigurations",
    "MutatingWebhookConfiguration",
  ),
  selfsubjectaccessreviews: clusterWide("authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview"),
} as const satisfies Record<string, Resource>;

/** `deployments.apps`, the name that kubectl and the API server's own messages use. */
export function resourceName(resource: Resource): string {
  return resource.group === "" ? resource.plural : `${resource.plural}.${resource.group}`;
}

/** The path of a collection; without a namespace, of a namespaced kind over all namespaces. */
export function collectionPath(resource: Resource, namespace?: string): string {
  if (!resource.namespaced && namespace !== undefined) {
    throw new Error(`${resourceName(resource)} is cluster-wide, but namespace ${namespace} was given: our bug`);
  }
  const root = resource.group === "" ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const within = namespace === undefined ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${within}/${resource.plural}`;
}

/** The path of one object, or of its subresource. */
export function objectPath(resource: Resource, name: string, namespace?: string, subresource?: string): string {
  if (resource.namespaced && !namespace) {
    throw new Error(`${resourceName(resource)} ${name} was addressed without a namespace: our bug`);
  }
  if (name === "") {
    throw new Error(`an object of ${resourceName(resource)} was addressed without a name: our bug`);
  }
  const path = `${collectionPath(resource, namespace)}/${encodeURIComponent(name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}
