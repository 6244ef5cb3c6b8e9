import { expect } from "vitest";
import { annotations } from "../../src/api/names.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import { resources } from "../../src/kube/resources.ts";
import { aVirtualService } from "../build/virtualService.ts";
import { Cluster, type ClusterOptions } from "../fakes/cluster.ts";
import { quick } from "./article.ts";

/* Changes that were let through: the webhook found no worker alive, and left a note. */

export const other = "nginx:1.25.0";
export const message = "no canary: no Serin worker is alive; this rolls out as usual, unwatched";

/** No worker works for a minute and a half, and the images come one after the other. */
export async function unwatched(images: readonly string[], options: ClusterOptions = {}): Promise<Cluster> {
  const cluster = await Cluster.of({ policy: quick(), routes: [aVirtualService()], podsDie: true, ...options });
  cluster.worker?.kill();
  cluster.users.workerIsAlive = false;
  for (const image of images) {
    cluster.users.setImage(image);
    await cluster.run(30_000);
  }
  expect(cluster.plans).toEqual([]);
  return cluster;
}

/** A worker works that the webhook takes for dead, so that it sees each change with its note. */
export async function watched(options: ClusterOptions = {}): Promise<Cluster> {
  const cluster = await Cluster.of({ policy: quick(), routes: [aVirtualService()], podsDie: true, ...options });
  cluster.users.workerIsAlive = false;
  return cluster;
}

/** What carries a note. */
export const noted = (cluster: Cluster): KubeObject[] =>
  [...cluster.server.list<KubeObject>(resources.deployments), ...cluster.server.list<KubeObject>(resources.replicasets)].filter(
    ({ metadata }) => metadata.annotations?.[annotations.passage] !== undefined,
  );
