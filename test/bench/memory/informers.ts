/**
 * What a controller costs that keeps whole objects: client-node's own informers over the kinds that Serin's worker watches, and nothing else. Prints one
 * line when all have been listed, and lives until it is killed. Argument: the kubeconfig.
 */
import {
  AppsV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
  makeInformer,
} from "@kubernetes/client-node";

const config = new KubeConfig();
config.loadFromFile(process.argv[2] ?? "");
const apps = config.makeApiClient(AppsV1Api);
const core = config.makeApiClient(CoreV1Api);
const custom = config.makeApiClient(CustomObjectsApi);
const plural = (group: string, version: string, plural: string) => [
  `/apis/${group}/${version}/${plural}`,
  () => custom.listClusterCustomObject({ group, version, plural }) as Promise<KubernetesListObject<KubernetesObject>>,
];
const kinds = [
  ["/apis/apps/v1/deployments", () => apps.listDeploymentForAllNamespaces()],
  ["/apis/apps/v1/replicasets", () => apps.listReplicaSetForAllNamespaces()],
  ["/api/v1/pods", () => core.listPodForAllNamespaces()],
  ["/api/v1/services", () => core.listServiceForAllNamespaces()],
  ["/api/v1/namespaces", () => core.listNamespace()],
  plural("networking.istio.io", "v1", "virtualservices"),
  plural("networking.istio.io", "v1", "destinationrules"),
  plural("serin.dev", "v1alpha1", "canaryplans"),
  plural("serin.dev", "v1alpha1", "canarypolicies"),
] as [string, () => Promise<KubernetesListObject<KubernetesObject>>][];
await Promise.all(kinds.map(([path, list]) => makeInformer(config, path, list).start()));
process.stdout.write("listed\n");
