/** Serin's own objects in the simulated cluster, how they are deleted, and what a team finds afterwards. */
import { finalizers } from "../../src/api/names.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import { resources } from "../../src/kube/resources.ts";
import { aVirtualService } from "../build/virtualService.ts";
import { type Cluster, imageOf } from "../fakes/cluster.ts";

const account = "serin-worker";
const home = "serin-system";
const rights = [resources.clusterroles, resources.clusterrolebindings] as const;

/** Serin's own objects, as manifests/ and a worker that has begun leave them. */
export function installed(cluster: Cluster): void {
  const metadata = { name: account, finalizers: [finalizers.worker] };
  cluster.server.create(resources.namespaces, { metadata: { name: home, finalizers: ["kubernetes"] } });
  cluster.server.create(resources.serviceaccounts, { metadata: { ...metadata, namespace: home } });
  for (const kind of rights) cluster.server.create(kind, { metadata });
}

/** What `kubectl delete namespace serin-system` does, without the controller that empties it. */
export const deleteNamespace = (cluster: Cluster): void => cluster.server.remove(resources.namespaces, home);

/** What `kubectl delete -k manifests/` does, all at once. */
export function deleteAll(cluster: Cluster): void {
  deleteNamespace(cluster);
  for (const kind of rights) cluster.server.remove(kind, account);
  cluster.server.remove(resources.serviceaccounts, account, home);
  for (const { metadata } of cluster.plans) cluster.server.remove(resources.canaryplans, metadata.name, metadata.namespace);
}

export const finalizersLeft = (cluster: Cluster): unknown[] =>
  [resources.serviceaccounts, ...rights, resources.replicasets, resources.canaryplans]
    .flatMap((kind) => cluster.server.list<KubeObject>(kind))
    .flatMap(({ metadata }) => metadata.finalizers ?? []);

/** Everything of ours that a team could find on its own objects. */
export function ourMarks(cluster: Cluster): string[] {
  const objects = [resources.deployments, resources.replicasets, resources.virtualservices, resources.destinationrules, resources.services];
  return objects
    .flatMap((kind) => cluster.server.list<KubeObject>(kind))
    .flatMap(({ metadata }) => Object.keys({ ...metadata.annotations, ...metadata.labels }).filter((key) => key.startsWith("serin.dev/")));
}

/** Sentences about what is not as it must be after Serin is gone. */
export function left(cluster: Cluster, image: string): string[] {
  const { deployment } = cluster;
  return [
    ...finalizersLeft(cluster).map((name) => `finalizer ${name}`),
    ...ourMarks(cluster),
    ...(deployment?.spec?.paused ? ["paused"] : []),
    ...(imageOf(deployment) === image ? [] : [`asks for ${imageOf(deployment)}`]),
    ...(JSON.stringify(cluster.running()) === JSON.stringify({ [image]: 4 }) ? [] : [`runs ${JSON.stringify(cluster.running())}`]),
    ...(JSON.stringify(cluster.route()?.spec) === JSON.stringify(aVirtualService().spec) ? [] : ["another route"]),
  ];
}
