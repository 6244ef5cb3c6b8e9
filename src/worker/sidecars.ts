import type { SidecarPolicy } from "../api/sidecarPolicy.ts";
import { isSystemNamespace } from "../core/admission/policyFor.ts";
import { covers, cutDown, type LookedAt, lookedAt } from "../core/sidecars/lookedAt.ts";
import { type PodCase, type PodLike, podCase, type Role } from "../core/sidecars/pod.ts";
import { asSeen, inForceSince, sidecarStatus } from "../core/sidecars/policyStatus.ts";
import { type Tally, tallyOf } from "../core/sidecars/tally.ts";
import { sameJson } from "../core/traffic/sameJson.ts";
import type { Client } from "../kube/client.ts";
import type { Pod } from "../kube/object.ts";
import { type Reflector, reflect, type Trouble } from "../kube/reflector.ts";
import { resources } from "../kube/resources.ts";
import type { Caches } from "./caches.ts";
import { controllerOf } from "./project.ts";

export interface SidecarOptions {
  client: Pick<Client, "pages" | "watch" | "patch">;
  caches: Pick<Caches, "sidecarPolicies" | "namespaces" | "replicaSets">;
  /** Serin's own namespace, never touched. */
  namespace: string;
  /** Milliseconds since the epoch. */
  now(): number;
  /** The status of this policy may be another one now. */
  wake(policy: string): void;
  trouble(trouble: Trouble): void;
}

/** A pod as it is kept: see `lookedAt.ts`. */
interface KeptPod {
  namespace: string;
  /** The uid of its controller. */
  owner: string | undefined;
  /** Whether its controller is a ReplicaSet, as that of each Deployment's pod is. */
  isOfReplicaSet: boolean;
  pod: PodLike;
}

/** A status is written at most so often. Under churn that is 20 writes a minute; whoever waits for a pod to be listed waits 3.5 s at most. */
const paceMs = 3_000;

/** Policies share the queue with Deployments; no namespace has this name. */
const prefix = "sidecars:/";
export const sidecarKey = (policy: string): string => `${prefix}${policy}`;
export const sidecarPolicyOfKey = (key: string): string | undefined => (key.startsWith(prefix) ? key.slice(prefix.length) : undefined);

/**
 * Counts what pods lack, for the leader alone, and only while some SidecarPolicy asks for something: a cluster without one has neither this watch nor
 * these pods in memory. The pods are listed anew only when a policy speaks of names that were not kept; any other change counts the kept ones again.
 */
export class SidecarWatch {
  readonly #options: SidecarOptions;
  #leads = false;
  #pods: Reflector<KeptPod> | undefined;
  #looked: LookedAt = new Set();
  #tally: Tally;
  /** What the tally was made for. */
  #counted = "";
  /** By uid and generation: since when it is in force, also before that is stored. */
  readonly #since = new Map<string, string>();
  readonly #writtenAt = new Map<string, number>();

  constructor(options: SidecarOptions) {
    this.#options = options;
    this.#tally = tallyOf([], options.namespace);
  }

  /** A term of leadership begins. */
  lead(): void {
    this.#leads = true;
    this.#review();
  }

  stop(): void {
    this.#leads = false;
    this.#close();
    this.#counted = "";
    this.#since.clear();
    this.#writtenAt.clear();
  }

  policyChanged(name: string): void {
    if (!this.#leads) return;
    this.#review();
    this.#options.wake(name);
  }

  /** Its labels are others. */
  namespaceChanged(name: string): void {
    for (const kept of this.#pods?.byNamespace(name) ?? []) this.#count(kept);
  }

  /** A canary was handed over, or is one now. @param uid of the ReplicaSet */
  replicaSetChanged(uid: string): void {
    for (const kept of this.#pods?.index("owner", uid) ?? []) this.#count(kept);
  }

  /** Writes what is there into the policy's status, if that is not what stands there. @returns milliseconds until it may be written, when that is later */
  async writeStatus(name: string): Promise<number | undefined> {
    const { client, caches, now } = this.#options;
    const policy = caches.sidecarPolicies.get(name);
    if (!policy || policy.metadata.deletionTimestamp || !caches.sidecarPolicies.caughtUp(name)) return undefined;
    if (!policy.spec.suspend && !this.#pods?.isSynced) return undefined;
    const status = sidecarStatus(this.#seen(policy), this.#tally.of(name), new Date(now()).toISOString());
    if (sameJson(policy.status, status)) return undefined;
    const wait = (this.#writtenAt.get(name) ?? Number.NEGATIVE_INFINITY) + paceMs - now();
    if (wait > 0) return wait;
    const body = { metadata: { resourceVersion: policy.metadata.resourceVersion }, status };
    const options = { fieldManager: "serin", subresource: "status" };
    const written = await client.patch(resources.sidecarpolicies, name, undefined, { type: "merge", body }, options);
    this.#writtenAt.set(name, now());
    caches.sidecarPolicies.noteWritten(name, written.metadata.resourceVersion ?? "0");
    return undefined;
  }

  #review(): void {
    const policies = this.#options.caches.sidecarPolicies.values().map((policy) => this.#seen(policy));
    const counted = policies
      .map(({ metadata, status }) => `${identityOf(metadata)} ${status?.inForceSince} ${metadata.deletionTimestamp ?? ""}`)
      .sort()
      .join();
    if (counted === this.#counted) return;
    this.#counted = counted;
    this.#forgetAllBut(policies);
    const asking = policies.filter(({ metadata, spec }) => !spec.suspend && metadata.deletionTimestamp === undefined);
    this.#tally = tallyOf(asking, this.#options.namespace);
    const wanted = lookedAt(asking);
    if (asking.length === 0) this.#close();
    else if (this.#pods === undefined || !covers(this.#looked, wanted)) this.#open(wanted);
    else for (const kept of this.#pods.values()) this.#count(kept);
    for (const { metadata } of policies) this.#options.wake(metadata.name);
  }

  #forgetAllBut(policies: readonly SidecarPolicy[]): void {
    const known = new Set(policies.map(({ metadata }) => identityOf(metadata)));
    const names = new Set(policies.map(({ metadata }) => metadata.name));
    for (const identity of this.#since.keys()) if (!known.has(identity)) this.#since.delete(identity);
    for (const name of this.#writtenAt.keys()) if (!names.has(name)) this.#writtenAt.delete(name);
  }

  #seen(policy: SidecarPolicy): SidecarPolicy {
    const identity = identityOf(policy.metadata);
    const since = this.#since.get(identity) ?? inForceSince(policy, this.#options.now());
    this.#since.set(identity, since);
    return asSeen(policy, since);
  }

  #open(looked: LookedAt): void {
    this.#close();
    this.#looked = looked;
    const { client, trouble } = this.#options;
    const pods = reflect<Pod, KeptPod>(client, resources.pods, {
      project: (raw) => (isSystemNamespace(raw.metadata.namespace ?? "", this.#options.namespace) ? undefined : keptPod(raw, looked)),
      onChange: (key, _before, after) => (after === undefined ? this.#tell(this.#tally.put(key, undefined)) : this.#count(after)),
      indexes: { owner: ({ owner }) => [owner ?? ""] },
      onTrouble: trouble,
    });
    this.#pods = pods;
    pods.synced.then(
      () => {
        if (this.#pods === pods) this.#tell(this.#options.caches.sidecarPolicies.values().map(({ metadata }) => metadata.name));
      },
      () => {}, // closed before its first list
    );
  }

  #close(): void {
    this.#pods?.stop();
    this.#pods = undefined;
  }

  #count(kept: KeptPod): void {
    this.#tell(this.#tally.put(`${kept.namespace}/${kept.pod.metadata.name}`, this.#caseOf(kept)));
  }

  #tell(policies: readonly string[]): void {
    if (this.#pods?.isSynced) for (const policy of policies) this.#options.wake(policy);
  }

  #caseOf({ namespace, owner, isOfReplicaSet, pod }: KeptPod): PodCase {
    const { namespaces, replicaSets } = this.#options.caches;
    const [set] = isOfReplicaSet ? replicaSets.index("uid", owner ?? "") : [];
    const role: Role = !isOfReplicaSet ? "None" : set?.isOfPlan ? "Canary" : "Stable";
    return podCase(pod, { namespace, known: namespaces.get(namespace), role, stage: "Stored" });
  }
}

const identityOf = ({ uid, generation }: SidecarPolicy["metadata"]): string => `${uid} ${generation}`;

/** A pod that has ended is asked nothing. */
function keptPod(raw: Pod, looked: LookedAt): KeptPod | undefined {
  const { metadata, status } = raw;
  if (status?.phase === "Succeeded" || status?.phase === "Failed") return undefined;
  const isOfReplicaSet = metadata.ownerReferences?.some(({ kind, controller }) => controller === true && kind === "ReplicaSet") ?? false;
  return {
    namespace: metadata.namespace ?? "",
    owner: controllerOf(metadata),
    isOfReplicaSet,
    pod: cutDown(raw as unknown as PodLike, looked),
  };
}
