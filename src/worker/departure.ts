/**
 * The end of an installation. Serin is being uninstalled once its namespace, or the worker's ServiceAccount, is being deleted; nothing takes that back
 * but a new installation, once all is put back.
 *
 *   deleted ──▶ every plan back to stable, every hold away (core/plan/leaving.ts) ──5 s without news──▶ our finalizers ──▶ the rest is Kubernetes'
 *
 * kube-apiserver believes the token of a ServiceAccount for 60 s after its deletion (kubernetes:pkg/serviceaccount/claims.go).
 */
import type { Log } from "../api/logLine.ts";
import { finalizers, workerServiceAccount } from "../api/names.ts";
import { remains } from "../core/plan/leaving.ts";
import type { Client } from "../kube/client.ts";
import type { KubeObject } from "../kube/object.ts";
import { type Reflector, reflect, type Timing, type Trouble } from "../kube/reflector.ts";
import { resources } from "../kube/resources.ts";
import type { Caches, NamespaceFacts } from "./caches.ts";
import type { Clock } from "./queue.ts";
import { Rights } from "./rights.ts";

export interface DepartureOptions {
  client: Client;
  caches: Pick<Caches, "namespaces" | "plans" | "deployments" | "replicaSets" | "pods">;
  clock: Clock;
  /** Serin's own. */
  namespace: string;
  /** The pod's name. */
  instance: string;
  log: Pick<Log, "info" | "warn">;
  trouble(trouble: Trouble): void;
  /** All that is under way is to be looked at again. */
  begun(): void;
  /** Only tests have a reason to change it. */
  timing?: Partial<Timing>;
}

export interface Departure {
  isLeaving(): boolean;
  /** Serin's own namespace is new, another one, or gone. */
  homeChanged(before: NamespaceFacts | undefined, after: NamespaceFacts | undefined): void;
  /** Keeps the worker's rights from now on until it gives them back. Never throws: without them it works as well, and is no worse off than one that was killed. */
  holdRights(): Promise<void>;
  /** The process shall end. Resolves when it may: at once, unless Serin is being uninstalled and something of it still stands. */
  beforeEnd(): Promise<void>;
  stop(): void;
}

/** For so long nothing of ours is left before the rights go: a review that was under way may still have held a Deployment (3 s at most). */
const quietMs = 5_000;
/** Marks that do nothing are not waited for any longer. */
const tracesMs = 20_000;
const lookEachMs = 500;
/** Helm deletes the Deployment of the worker some moments before its ServiceAccount. */
const orphanMs = 10_000;

export function followDeparture(options: DepartureOptions): Departure {
  return new Watching(options);
}

class Watching implements Departure {
  readonly #options: DepartureOptions;
  readonly #account: Reflector<boolean>;
  readonly #rights: Rights;
  #over = Promise.withResolvers<void>();
  /** When it was first seen, by the clock. */
  #leavingSince: number | undefined;
  #quietSince: number | undefined;
  #isDone = false;
  /** One of them was made again while Serin left. */
  #isBack = false;
  #said = "";
  #cancel = () => {};

  constructor(options: DepartureOptions) {
    this.#options = options;
    const { client, namespace, trouble: onTrouble, timing = {} } = options;
    this.#rights = new Rights({ client, namespace, pause: () => this.#pause() });
    this.#account = reflect<KubeObject, boolean>(client, resources.serviceaccounts, {
      namespace,
      fieldSelector: `metadata.name=${workerServiceAccount}`,
      onTrouble,
      timing,
      // The real server sends only this one.
      project: ({ metadata }) => (metadata.name === workerServiceAccount ? metadata.deletionTimestamp !== undefined : undefined),
      onChange: (_key, before, after) => this.#seen(before !== undefined, after, this.#account.isInstalled),
    });
  }

  homeChanged(before: NamespaceFacts | undefined, after: NamespaceFacts | undefined): void {
    this.#seen(before !== undefined, after?.deleting, this.#options.caches.namespaces.isInstalled);
  }

  async holdRights(): Promise<void> {
    if (this.isLeaving()) return;
    for (const { object, error } of await this.#rights.hold())
      this.#options.log.warn(
        { err: error },
        `${object} gets no finalizer ${finalizers.worker}: deleted in the middle of a plan, nothing is put back`,
      );
  }

  isLeaving(): boolean {
    return this.#leavingSince !== undefined;
  }

  async beforeEnd(): Promise<void> {
    const { clock } = this.#options;
    await this.#askAgain();
    const until = clock.now() + orphanMs;
    while (!this.isLeaving() && this.#isOrphan() && clock.now() < until) await this.#pause();
    if (this.isLeaving()) await this.#over.promise;
  }

  stop(): void {
    this.#cancel();
    this.#over.resolve();
    this.#account.stop();
  }

  /** The signal to end may come before the news of why. */
  async #askAgain(): Promise<void> {
    const { client, namespace } = this.#options;
    const asked = await Promise.allSettled([
      client.get<KubeObject>(resources.namespaces, namespace),
      client.get<KubeObject>(resources.serviceaccounts, workerServiceAccount, namespace),
    ]);
    if (asked.some((answer) => answer.status === "fulfilled" && answer.value?.metadata.deletionTimestamp !== undefined)) this.#begin();
  }

  /** @param isDeleting undefined: it is gone */
  #seen(wasThere: boolean, isDeleting: boolean | undefined, isInstalled: boolean): void {
    // Both kinds are there as long as the cluster is: a server that does not know them says nothing about ours.
    if (isDeleting === true || (isDeleting === undefined && wasThere && isInstalled)) this.#begin();
    else if (isDeleting === false) this.#comeBack();
  }

  #begin(): void {
    if (this.isLeaving()) return;
    const { clock, log, begun } = this.#options;
    this.#leavingSince = clock.now();
    log.warn({}, "Serin is being uninstalled: plans under way go back to stable, and what is held is let go");
    begun();
    this.#look();
  }

  /** A worker that went on leaving would let go whatever the webhook holds from now on. What is under way is put back first. */
  #comeBack(): void {
    this.#isBack ||= this.isLeaving();
    if (!this.#isBack || !this.#isDone || !this.#isInstalled()) return;
    const { log, begun } = this.#options;
    this.#leavingSince = undefined;
    this.#quietSince = undefined;
    this.#isDone = false;
    this.#isBack = false;
    this.#over = Promise.withResolvers();
    log.warn({}, "Serin is installed again: this worker stays");
    begun();
    void this.holdRights();
  }

  #isInstalled(): boolean {
    const { caches, namespace } = this.#options;
    return caches.namespaces.get(namespace)?.deleting === false && this.#account.values()[0] === false;
  }

  /** The pods of a Deployment that was deleted. One that runs as no pod (a laptop, a test) never is. */
  #isOrphan(): boolean {
    const { caches, namespace, instance } = this.#options;
    const deployment = caches.deployments.get(`${namespace}/${workerServiceAccount}`);
    return caches.pods.get(`${namespace}/${instance}`) !== undefined && (deployment === undefined || deployment.deleting);
  }

  #look(): void {
    const { caches, clock, log } = this.#options;
    const now = clock.now();
    const isRead = [caches.plans, caches.deployments, caches.replicaSets].every(({ isSynced }) => isSynced);
    const { owed, traces } = remains({
      plans: caches.plans.values(),
      deployments: caches.deployments.values(),
      replicaSets: caches.replicaSets.values(),
    });
    // What a worker that has just started has not read yet may be anything.
    if (!isRead) owed.push("what this worker has not read yet");
    const waitsFor = now - (this.#leavingSince ?? now) < tracesMs ? [...owed, ...traces] : owed;
    const said = waitsFor.slice(0, 10).join(", ");
    if (said !== "" && said !== this.#said) log.info({ left: waitsFor.length }, `still there: ${said}`);
    this.#said = said;
    if (waitsFor.length > 0) this.#quietSince = undefined;
    else this.#quietSince ??= now;
    if (this.#quietSince !== undefined && now - this.#quietSince >= quietMs) void this.#letGo();
    else this.#cancel = clock.setTimer(() => this.#look(), lookEachMs);
  }

  /** Either worker may: nothing is left to be done. */
  async #letGo(): Promise<void> {
    const { log } = this.#options;
    const kept = await this.#rights.letGo();
    for (const { object, error } of kept)
      log.warn({ err: error }, `the finalizer ${finalizers.worker} could not be taken off ${object}: somebody else must, or it stays`);
    if (kept.length === 0) log.info({}, "nothing of Serin's is left on anybody's objects");
    this.#isDone = true;
    this.#over.resolve();
    if (this.#isBack) this.#comeBack();
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#options.clock.setTimer(resolve, lookEachMs));
  }
}
