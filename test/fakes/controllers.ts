import { revision } from "../../src/api/names.ts";
import { canonicalJson, type PodTemplate, templateDigest, withoutHash } from "../../src/api/template.ts";
import type { Deployment, KubeObject, ReplicaSet } from "../../src/kube/object.ts";
import { resources } from "../../src/kube/resources.ts";
import { controllerOf } from "../../src/worker/project.ts";
import type { ApiServer } from "./apiServer.ts";
import type { SimulatedClock } from "./simulatedClock.ts";

/**
 * The Deployment controller of kube-controller-manager 1.36 as far as plans meet it (`sync.go`, `rolling.go`): which ReplicaSets it sees, what it does
 * while paused and while not. It writes like every other client, so its writes and ours meet as they do in a cluster.
 */
export class DeploymentController {
  readonly #server: ApiServer;
  readonly #clock: SimulatedClock;
  #due = false;

  constructor(server: ApiServer, clock: SimulatedClock) {
    this.#server = server;
    this.#clock = clock;
    server.onChange(({ resource }) => {
      if (resource.plural === "deployments" || resource.plural === "replicasets") this.#soon();
    });
  }

  #soon(): void {
    if (this.#due) return;
    this.#due = true;
    this.#clock.setTimer(() => {
      this.#due = false;
      for (const deployment of this.#server.list<Deployment>(resources.deployments)) this.#sync(deployment);
    }, 15);
  }

  #sync(deployment: Deployment): void {
    const { metadata, spec } = deployment;
    if (metadata.deletionTimestamp || !spec) return;
    const own = this.#server.list<ReplicaSet>(resources.replicasets).filter((set) => controllerOf(set.metadata) === metadata.uid);
    const wanted = sameTemplate(spec.template);
    const equal = own.filter((set) => sameTemplate(set.spec?.template) === wanted).sort(byAge);
    const current = equal[0] ?? (spec.paused ? undefined : this.#create(deployment, own));
    if (current) this.#number(current, own, deployment);
    const fresh = this.#fresh(own);
    const now = current && this.#reread(current);
    const old = fresh.filter((set) => set.metadata.uid !== now?.metadata.uid);
    if (spec.paused) this.#scale(deployment, now, old);
    else this.#roll(deployment, now, old);
    this.#status(deployment, now, this.#fresh([...own, ...(now ? [now] : [])]));
  }

  /** `scale()`: the one active ReplicaSet gets spec.replicas; a saturated new one empties the old ones; else all in proportion. */
  #scale(deployment: Deployment, current: ReplicaSet | undefined, old: ReplicaSet[]): void {
    const wanted = deployment.spec?.replicas ?? 1;
    const all = [...(current ? [current] : []), ...old];
    const active = all.filter((set) => sizeOf(set) > 0);
    const only = active.length === 1 ? active[0] : active.length === 0 ? (current ?? [...old].sort(byAge).at(-1)) : undefined;
    if (only) {
      this.#resize(only, wanted);
      return;
    }
    if (current && sizeOf(current) === wanted && (current.status?.availableReplicas ?? 0) === wanted) {
      for (const set of old) this.#resize(set, 0);
      return;
    }
    const total = active.reduce((sum, set) => sum + sizeOf(set), 0);
    const allowed = wanted > 0 ? wanted + Math.ceil(wanted * 0.25) : 0;
    if (total === 0 || total <= allowed) return; // grows in proportion in the real one; never needed here
    for (const set of active) this.#resize(set, Math.round((sizeOf(set) * allowed) / total));
  }

  /** A rolling update with a quarter of surge and of missing pods. */
  #roll(deployment: Deployment, current: ReplicaSet | undefined, old: ReplicaSet[]): void {
    if (!current) return;
    const wanted = deployment.spec?.replicas ?? 1;
    const oldTotal = old.reduce((sum, set) => sum + sizeOf(set), 0);
    const room = wanted + Math.ceil(wanted * 0.25) - oldTotal;
    const size = sizeOf(current) > wanted ? wanted : Math.max(sizeOf(current), Math.min(wanted, room));
    if (size !== sizeOf(current)) {
      this.#resize(current, size);
      return;
    }
    const available = [current, ...old].reduce((sum, set) => sum + (set.status?.availableReplicas ?? 0), 0);
    const unready = [current].reduce((sum, set) => sum + sizeOf(set) - (set.status?.availableReplicas ?? 0), 0);
    let spare = Math.min(
      available - (wanted - Math.floor(wanted * 0.25)),
      oldTotal + sizeOf(current) - unready - (wanted - Math.floor(wanted * 0.25)),
    );
    for (const set of [...old].sort(byAge)) {
      const less = Math.max(0, Math.min(spare, sizeOf(set)));
      spare -= less;
      if (less > 0) this.#resize(set, sizeOf(set) - less);
    }
  }

  #create({ metadata, spec }: Deployment, own: ReplicaSet[]): ReplicaSet {
    const template = spec?.template as unknown as PodTemplate;
    // The name is taken by a ReplicaSet of an earlier Deployment: `collisionCount` gives another one.
    const isTaken = this.#server.get(resources.replicasets, `${metadata.name}-${nativeHash(template)}`, metadata.namespace) !== undefined;
    const hash = `${nativeHash(template)}${isTaken ? "2" : ""}`;
    const labels = { ...template.metadata?.labels, "pod-template-hash": hash };
    const set = {
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      metadata: {
        name: `${metadata.name}-${hash}`,
        namespace: metadata.namespace,
        labels,
        annotations: { [revision]: String(highest(own) + 1) },
        ownerReferences: [
          { apiVersion: "apps/v1", kind: "Deployment", name: metadata.name, uid: metadata.uid, controller: true, blockOwnerDeletion: true },
        ],
      },
      spec: {
        replicas: 0,
        selector: { matchLabels: labels },
        template: { ...template, metadata: { ...template.metadata, labels } },
      },
    };
    return this.#server.create(resources.replicasets, set as unknown as ReplicaSet, { manager: "kube-controller-manager" });
  }

  /** `SetNewReplicaSetAnnotations`: the newest template has the highest number; it never goes down. */
  #number(current: ReplicaSet, own: ReplicaSet[], deployment: Deployment): void {
    const before = numberOf(current);
    const number = Math.max(before, highest(own.filter((set) => set.metadata.uid !== current.metadata.uid)) + 1);
    const manager = "kube-controller-manager";
    if (number !== before)
      this.#edit(resources.replicasets, current, (draft) => {
        draft.metadata.annotations = { ...draft.metadata.annotations, [revision]: String(number) };
      });
    if (deployment.metadata.annotations?.[revision] === String(number)) return;
    this.#server.update<Deployment>(
      resources.deployments,
      deployment.metadata.name ?? "",
      deployment.metadata.namespace,
      (draft) => {
        draft.metadata.annotations = { ...draft.metadata.annotations, [revision]: String(number) };
      },
      { manager },
    );
  }

  #status(deployment: Deployment, current: ReplicaSet | undefined, own: ReplicaSet[]): void {
    const sum = (of: (set: ReplicaSet) => number | undefined) => own.reduce((total, set) => total + (of(set) ?? 0), 0);
    this.#edit(
      resources.deployments,
      deployment,
      (draft) => {
        const { paused } = draft.spec ?? {};
        const failed = (draft.status?.conditions ?? []).filter(
          ({ type, reason }) => type === "Progressing" && reason === "ProgressDeadlineExceeded",
        );
        draft.status = {
          observedGeneration: draft.metadata.generation ?? 0,
          replicas: sum((set) => set.status?.replicas),
          updatedReplicas: current?.status?.replicas ?? 0,
          readyReplicas: sum((set) => set.status?.readyReplicas),
          availableReplicas: sum((set) => set.status?.availableReplicas),
          conditions: paused ? failed : [],
        };
      },
      "status",
    );
  }

  #resize(set: ReplicaSet, replicas: number): void {
    if (sizeOf(set) === replicas) return;
    this.#edit(resources.replicasets, set, (draft) => {
      if (draft.spec) draft.spec.replicas = replicas;
    });
  }

  #edit<T extends KubeObject | Deployment | ReplicaSet>(
    resource: typeof resources.deployments,
    object: T,
    change: (draft: T) => void,
    subresource?: string,
  ): void {
    const { name = "", namespace } = object.metadata;
    if (!this.#server.get(resource, name, namespace)) return;
    this.#server.update<T & object>(resource, name, namespace, change, { manager: "kube-controller-manager", subresource });
  }

  #reread = (set: ReplicaSet): ReplicaSet | undefined =>
    this.#server.get<ReplicaSet>(resources.replicasets, set.metadata.name ?? "", set.metadata.namespace);
  #fresh(sets: ReplicaSet[]): ReplicaSet[] {
    return [...new Map(sets.map((set) => [set.metadata.uid, set])).values()].flatMap((set) => this.#reread(set) ?? []);
  }
}

const digests = new Map<string, string>();

/** By what the controller tells templates apart (`EqualIgnoreHash`). */
function sameTemplate(template: unknown): string {
  const key = canonicalJson(withoutHash(template as PodTemplate));
  const known = digests.get(key) ?? templateDigest(template as PodTemplate);
  digests.set(key, known);
  return known;
}

/** Kubernetes makes its hashes another way than Serin does, and of another length. */
export const nativeHash = (template: PodTemplate): string => `n${sameTemplate(template).slice(0, 8)}`;

const sizeOf = (set: ReplicaSet): number => set.spec?.replicas ?? 0;
const numberOf = (set: ReplicaSet): number => Number(set.metadata.annotations?.[revision] ?? 0);
const highest = (sets: ReplicaSet[]): number => Math.max(0, ...sets.map(numberOf));
const byAge = (a: ReplicaSet, b: ReplicaSet): number =>
  String(a.metadata.creationTimestamp).localeCompare(String(b.metadata.creationTimestamp)) ||
  String(a.metadata.name).localeCompare(String(b.metadata.name));
