import { type ClusterClient, connectCluster, type KubeObject } from "./kubelet/clusterClient.ts";
import { listAndWatch } from "./kubelet/listAndWatch.ts";
import { LabFault } from "./labFault.ts";
import { RECORDED_KINDS, type RecordedResource } from "./recorder/recordedKinds.ts";

/** Sees what is stored within milliseconds, by a watch: for what a test wants to do at one very moment of a plan. A kubectl would be late. */
export class Lookout {
  readonly client: ClusterClient;

  constructor(env: NodeJS.ProcessEnv) {
    this.client = connectCluster(env["KUBECONFIG"] ?? "", "lab-lookout");
  }

  /** The first object of this kind that looks like that, now or later. @throws LabFault when none comes */
  async when<T extends KubeObject>(resource: RecordedResource, what: string, is: (object: T) => boolean, seconds = 120): Promise<T> {
    const ended = new AbortController();
    const found = Promise.withResolvers<T>();
    const look = (object: T) => {
      if (is(object)) found.resolve(object);
    };
    const timer = setTimeout(() => found.reject(new LabFault(`waited ${seconds} s in vain for ${what}`)), seconds * 1_000);
    const watching = listAndWatch<T>(
      this.client,
      RECORDED_KINDS[resource].path,
      { listed: (items) => items.forEach(look), changed: (type, object) => type !== "DELETED" && look(object) },
      ended.signal,
    );
    try {
      return await found.promise;
    } finally {
      clearTimeout(timer);
      ended.abort();
      await watching;
    }
  }

  /** What `kubectl scale` sends, without the time that a kubectl needs to start. Also what an autoscaler sends. */
  async scale(name: string, replicas: number): Promise<void> {
    const path = `/apis/apps/v1/namespaces/default/deployments/${name}/scale`;
    await this.client.patch(path, { spec: { replicas } }, "application/merge-patch+json");
  }

  close(): Promise<void> {
    return this.client.close();
  }
}
