import { setImmediate as nextTurn } from "node:timers/promises";
import type { SidecarPolicy } from "../api/sidecarPolicy.ts";
import { covers, type LookedAt, lookedAt } from "../core/sidecars/lookedAt.ts";
import { asSeen, inForceSince, sidecarStatus } from "../core/sidecars/policyStatus.ts";
import { type Tally, tallyOf } from "../core/sidecars/tally.ts";
import { sameJson } from "../core/traffic/sameJson.ts";
import type { Client } from "../kube/client.ts";
import type { Pod } from "../kube/object.ts";
import { type Reflector, reflect, type Trouble } from "../kube/reflector.ts";
import { resources } from "../kube/resources.ts";
import type { Caches } from "./caches.ts";
import { caseOf, type KeptPod, keptPod } from "./keptPod.ts";

export interface SidecarOptions {
  client: Pick<Client, "pages" | "watch" | "patch">;
  caches: Pick<Caches, "sidecarPolicies" | "namespaces" | "replicaSets">;
  /** Serin's own namespace, never touched. */
  namespace: string;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Call `lookAt` with this key so many milliseconds from now; of several calls for one key one will do. */
  wake(key: string, afterMs: number): void;
  trouble(trouble: Trouble): void;
}

/** Pods come in crowds and change five times in their first second: they are counted together, so long after the first of them. */
const crowdMs = 300;
/** A status is written at most so often: 20 times a minute under churn, and whoever waits for a pod to be listed waits 3.3 s at most. */
const paceMs = 3_000;
/** Pods that are counted before others get their turn: 250 pods under five policies take 50 ms, and the Lease must be renewed meanwhile. */
const atOnce = 250;

/** Policies share the queue with Deployments; no namespace has this name. Without a policy's name: the pods that are to be counted. */
const prefix = "sidecars:/";
const keyOf = (policy: string): string => `${prefix}${policy}`;
export const isSidecarKey = (key: string): boolean => key.startsWith(prefix);

/**
 * Counts what pods lack, for the leader alone, and only while some SidecarPolicy asks for something: a cluster without one has neither this watch nor
 * these pods in memory. The pods are listed anew only when a policy speaks of names that were not kept; any other change counts the kept ones again.
 *
 *   a pod changes ──▶ uncounted ──0.3 s──▶ count() ──▶ the policies whose count that changes ──▶ writeStatus(), every 3 s at most
 */
export class SidecarWatch {
  readonly #options: SidecarOptions;
  #leads = false;
  #pods: Reflector<KeptPod> | undefined;
  #looked: LookedAt = new Set();
  #tally: Tally;
  /** What the tally was made for. */
  #tallied = "";
  /** Keys of pods. While there are any, no status is written: it would tell of half a count. */
  readonly #uncounted = new Set<string>();
  /** Policies to look at once all is counted. */
  readonly #changed = new Set<string>();
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
    this.#tallied = "";
    this.#since.clear();
    this.#writtenAt.clear();
  }

  policyChanged(name: string): void {
    if (!this.#leads) return;
    this.#review();
    this.#options.wake(keyOf(name), 0);
  }

  /** Its labels are others. */
  namespaceChanged(name: string): void {
    for (const { pod } of this.#pods?.byNamespace(name) ?? []) this.#recount(`${name}/${pod.metadata.name}`);
  }

  /** A canary was handed over, or is one now. @param uid of the ReplicaSet */
  replicaSetChanged(uid: string): void {
    for (const { namespace, pod } of this.#pods?.index("owner", uid) ?? []) this.#recount(`${namespace}/${pod.metadata.name}`);
  }

  /** What a key of the queue asks for. @returns milliseconds after which to look again */
  async lookAt(key: string): Promise<number | undefined> {
    const policy = key.slice(prefix.length);
    return policy === "" ? this.#count() : this.#writeStatus(policy);
  }

  async #count(): Promise<undefined> {
    const pods = this.#pods;
    if (!pods?.isSynced) return;
    let counted = 0;
    for (const key of this.#uncounted) {
      this.#uncounted.delete(key);
      const kept = pods.get(key);
      for (const policy of this.#tally.put(key, kept && caseOf(kept, this.#options.caches))) this.#changed.add(policy);
      counted += 1;
      if (counted % atOnce === 0) await nextTurn();
      // Others took their place meanwhile, and what is uncounted is theirs.
      if (pods !== this.#pods) return;
    }
    for (const policy of this.#changed) this.#options.wake(keyOf(policy), 0);
    this.#changed.clear();
  }

  async #writeStatus(name: string): Promise<number | undefined> {
    const { client, caches, now } = this.#options;
    const policy = caches.sidecarPolicies.get(name);
    if (!policy || policy.metadata.deletionTimestamp || !caches.sidecarPolicies.caughtUp(name)) return undefined;
    if (!policy.spec.suspend && (!this.#pods?.isSynced || this.#uncounted.size > 0)) {
      this.#changed.add(name);
      return undefined;
    }
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
    const tallied = policies
      .map(({ metadata, status }) => `${identityOf(metadata)} ${status?.inForceSince} ${metadata.deletionTimestamp ?? ""}`)
      .sort()
      .join();
    if (tallied === this.#tallied) return;
    this.#tallied = tallied;
    this.#forgetAllBut(policies);
    const asking = policies.filter(({ metadata, spec }) => !spec.suspend && metadata.deletionTimestamp === undefined);
    this.#tally = tallyOf(asking, this.#options.namespace);
    const wanted = lookedAt(asking);
    if (asking.length === 0) this.#close();
    else if (this.#pods === undefined || !covers(this.#looked, wanted)) this.#open(wanted);
    else for (const { namespace, pod } of this.#pods.values()) this.#recount(`${namespace}/${pod.metadata.name}`);
    for (const { metadata } of policies) this.#options.wake(keyOf(metadata.name), 0);
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
    const { client, namespace, trouble, wake } = this.#options;
    this.#pods = reflect<Pod, KeptPod>(client, resources.pods, {
      project: (raw) => keptPod(raw, looked, namespace),
      onChange: (key) => this.#recount(key),
      indexes: { owner: ({ owner }) => [owner ?? ""] },
      onTrouble: trouble,
    });
    // Closed before its first list: nobody waits for it.
    this.#pods.synced.then(() => wake(prefix, 0)).catch(() => undefined);
  }

  #close(): void {
    this.#pods?.stop();
    this.#pods = undefined;
    this.#uncounted.clear();
    this.#changed.clear();
  }

  #recount(key: string): void {
    this.#uncounted.add(key);
    this.#options.wake(prefix, crowdMs);
  }
}

const identityOf = ({ uid, generation }: SidecarPolicy["metadata"]): string => `${uid} ${generation}`;
