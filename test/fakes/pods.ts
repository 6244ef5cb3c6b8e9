import { istio, podTemplateHash } from "../../src/api/names.ts";
import type { KubeObject, Pod, ReplicaSet } from "../../src/kube/object.ts";
import { type Resource, resources } from "../../src/kube/resources.ts";
import { controllerOf } from "../../src/worker/project.ts";
import type { ApiServer } from "./apiServer.ts";
import type { SimulatedClock } from "./simulatedClock.ts";

export interface PodTimes {
  readyMs: number;
  /** How long a pod that was removed goes on answering. */
  graceMs: number;
}

/** The ReplicaSet controller, the kubelet and the garbage collector: pods come, get ready, go; what has lost its owner goes too. */
export class PodControllers {
  readonly #server: ApiServer;
  readonly #clock: SimulatedClock;
  readonly #times: PodTimes;
  #due = false;
  #names = 0;

  constructor(server: ApiServer, clock: SimulatedClock, times: PodTimes) {
    this.#server = server;
    this.#clock = clock;
    this.#times = times;
    server.onChange(({ resource, type }) => {
      if (resource.plural === "replicasets" || resource.plural === "pods" || type === "DELETED") this.#soon();
    });
  }

  podsOf(uid: string | undefined): Pod[] {
    return this.#server.list<Pod>(resources.pods).filter((pod) => controllerOf(pod.metadata) === uid);
  }

  /** A pod that dies and is not made again until it is removed: a crash of its container. */
  break(pod: Pod): void {
    this.#ready(pod, false, "CrashLoopBackOff");
  }

  mend(pod: Pod): void {
    this.#ready(pod, true);
  }

  #soon(): void {
    if (this.#due) return;
    this.#due = true;
    this.#clock.setTimer(() => {
      this.#due = false;
      this.#collect(resources.replicasets);
      for (const set of this.#server.list<ReplicaSet>(resources.replicasets)) this.#sync(set);
      this.#collect(resources.pods);
    }, 5);
  }

  #sync(set: ReplicaSet): void {
    const all = this.podsOf(set.metadata.uid);
    const here = all.filter((pod) => !pod.metadata.deletionTimestamp);
    const wanted = set.spec?.replicas ?? 0;
    if (!set.metadata.deletionTimestamp) {
      for (let i = here.length; i < wanted; i += 1) this.#start(set);
      // Those that are not ready go first, then the youngest.
      const order = [...here].sort(
        (a, b) => Number(isReady(a)) - Number(isReady(b)) || Number(b.metadata.resourceVersion) - Number(a.metadata.resourceVersion),
      );
      for (const pod of order.slice(0, Math.max(0, here.length - wanted))) this.#stop(pod);
    }
    const now = this.podsOf(set.metadata.uid).filter((pod) => !pod.metadata.deletionTimestamp);
    const ready = now.filter(isReady).length;
    this.#server.update<ReplicaSet>(
      resources.replicasets,
      set.metadata.name ?? "",
      set.metadata.namespace,
      (draft) => {
        draft.status = {
          replicas: now.length,
          readyReplicas: ready,
          availableReplicas: ready,
          observedGeneration: draft.metadata.generation ?? 0,
        };
      },
      { manager: "kube-controller-manager", subresource: "status" },
    );
  }

  #start(set: ReplicaSet): void {
    this.#names += 1;
    const name = `${set.metadata.name}-${this.#names}`;
    const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: set.metadata.name, uid: set.metadata.uid, controller: true };
    const pod = {
      metadata: {
        name,
        namespace: set.metadata.namespace,
        // As the pod webhook leaves it.
        labels: { [istio.canonicalRevision]: set.metadata.labels?.[podTemplateHash] ?? "", ...set.spec?.template?.metadata?.labels },
        ownerReferences: [owner],
        finalizers: ["kubelet"],
      },
      spec: set.spec?.template?.spec,
    };
    const made = this.#server.create(resources.pods, pod as unknown as Pod);
    const image = made.spec?.containers[0]?.image ?? "";
    this.#ready(made, false, image.endsWith("-crash") ? "CrashLoopBackOff" : undefined);
    if (image.endsWith("-crash") || image.endsWith("-unready")) return;
    this.#clock.setTimer(() => this.#ready(made, true), this.#times.readyMs);
  }

  #ready(pod: Pod, ready: boolean, waiting?: string): void {
    if (!this.#server.get(resources.pods, pod.metadata.name ?? "", pod.metadata.namespace)) return;
    this.#server.update<Pod>(
      resources.pods,
      pod.metadata.name ?? "",
      pod.metadata.namespace,
      (draft) => {
        const state = waiting === undefined ? { running: {} } : { waiting: { reason: waiting } };
        draft.status = {
          phase: "Running",
          conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
          containerStatuses: [{ name: "nginx", image: "", imageID: "", ready, restartCount: waiting === undefined ? 0 : 3, state }],
        };
      },
      { subresource: "status" },
    );
  }

  #stop(pod: Pod): void {
    if (pod.metadata.deletionTimestamp) return;
    const { name = "", namespace } = pod.metadata;
    this.#server.remove(resources.pods, name, namespace);
    this.#clock.setTimer(() => {
      if (!this.#server.get(resources.pods, name, namespace)) return;
      this.#server.update<Pod>(resources.pods, name, namespace, (draft) => {
        draft.metadata.finalizers = [];
      });
    }, this.#times.graceMs);
  }

  #collect(resource: Resource): void {
    const uids = new Set(
      [resources.deployments, resources.replicasets, resources.canaryplans]
        .flatMap((kind) => this.#server.list<KubeObject>(kind))
        .map(({ metadata }) => metadata.uid),
    );
    for (const object of this.#server.list<KubeObject>(resource)) {
      const owner = controllerOf(object.metadata);
      if (owner === undefined || uids.has(owner) || object.metadata.deletionTimestamp) continue;
      if (resource === resources.pods) this.#stop(object as unknown as Pod);
      else this.#server.remove(resource, object.metadata.name ?? "", object.metadata.namespace);
    }
  }
}

export const isReady = (pod: Pod): boolean =>
  !pod.metadata.deletionTimestamp && (pod.status?.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True");
