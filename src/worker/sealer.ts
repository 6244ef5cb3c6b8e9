import type { Log } from "../api/logLine.ts";
import { type CanaryPlan, type PlanStatus, terminalPhases } from "../api/plan.ts";
import { auditHeadsName, type PlanSeal, parseHeads } from "../api/seal.ts";
import { sameCanonical } from "../api/template.ts";
import { areSigned, type Chain, chainFrom, headsOf, linkOf, without, withSeal, witnessOf } from "../core/audit/heads.ts";
import { type TrustedKey, trustedKeys } from "../core/audit/publicKeys.ts";
import { isSigned, type SigningKey, sealHash, sealPlan } from "../core/audit/sealPlan.ts";
import { ApiError } from "../kube/apiError.ts";
import type { Client } from "../kube/client.ts";
import type { ConfigMap } from "../kube/object.ts";
import { resources } from "../kube/resources.ts";
import type { AuditKeys } from "../tls/auditKeys.ts";
import { oneAtATime } from "./oneAtATime.ts";

export interface SealerOptions {
  client: Client;
  /** Serin's own: the heads are there. */
  namespace: string;
  readKeys(): Promise<AuditKeys>;
  /** All plans that are known, for finding out whether the heads were set back. */
  plans(): Iterable<CanaryPlan>;
  log: Pick<Log, "info" | "warn" | "error">;
  now(): number;
  /** False from the moment on that another worker may be leading: there is one who seals. */
  mayWrite(): boolean;
}

/** A plan that was made so long ago is in the cache, or is gone. */
const knownWithinMs = 60_000;

/**
 * Ends plans with a seal, and keeps the heads: where the cluster's one chain of seals ends. One plan at a time.
 *
 *   heads name seal n, of this plan ─▶ the plan's last status carries it        (two writes, the second is the one that is made anyway)
 *
 * After a crash in between the plan is still live: it gets a later number when it ends, and n goes to those that no plan ever carried. A number is never
 * given twice, so a write that arrives late makes no fork.
 */
export class Sealer {
  readonly #options: SealerOptions;
  readonly #alone = oneAtATime();
  /** Hash of the seal that this worker has seen stored. */
  #stored: string | undefined;
  /** Plans that ended while nothing could be sealed, as they were written. What ends up unsealed otherwise stays so: nobody knows who wrote it. */
  readonly #late = new Map<string, PlanStatus>();

  constructor(options: SealerOptions) {
    this.#options = options;
  }

  /** Writes the last status of a plan, sealed. Where nothing can be sealed, because of a missing key or right, it is written as it is: no plan waits for that. */
  seal<T>(plan: CanaryPlan, status: PlanStatus, write: (status: PlanStatus) => Promise<T>): Promise<T> {
    return this.#alone(async () => {
      const seal = await this.#begin(plan, status);
      this.#mustLead();
      const written = await write(seal ? { ...status, seal } : status);
      const { log } = this.#options;
      const uid = plan.metadata.uid ?? "";
      if (seal) {
        this.#stored = sealHash(seal);
        this.#late.delete(uid);
        const { namespace, name } = plan.metadata;
        log.info({ namespace, plan: name, outcome: seal.outcome, seal: seal.number, hash: this.#stored, signedBy: seal.key }, "sealed");
      } else {
        this.#forgetGone();
        this.#late.set(uid, status);
      }
      return written;
    });
  }

  /** While nothing can be sealed plans go all the same, by hand. One that ended just now may not be known yet. */
  #forgetGone(): void {
    const { plans, now } = this.#options;
    const known = new Set([...plans()].map(({ metadata }) => metadata.uid));
    for (const [uid, { finishedAt = "" }] of this.#late)
      if (!known.has(uid) && !(now() - Date.parse(finishedAt) < knownWithinMs)) this.#late.delete(uid);
  }

  /** Whether the plan, as it is stored, ended without a seal by this worker's hand, and should get one. */
  isLate({ metadata, status }: CanaryPlan): boolean {
    const written = this.#late.get(metadata.uid ?? "");
    return written !== undefined && status?.seal === undefined && sameCanonical(written, status);
  }

  /** Writes down, before they go, that these plans go: by their policy, or because somebody cancelled by deleting. @returns false when that can't be said */
  note(how: "pruned" | "deleted", numbers: readonly number[]): Promise<boolean> {
    return this.#alone(async () => {
      const opened = await this.#open();
      if (!opened?.chain.head) return false;
      const chain = without(opened.chain, how, numbers);
      return chain[how] === opened.chain[how] || this.#store(chain, opened);
    });
  }

  async #begin(plan: CanaryPlan, status: PlanStatus): Promise<PlanSeal | undefined> {
    const opened = await this.#open();
    if (!opened) return undefined;
    const chain = await this.#settled(opened.chain);
    const seal = sealPlan(plan, status, { before: linkOf(chain), key: opened.key, at: this.#time() });
    return (await this.#store(withSeal(chain, seal), opened)) ? seal : undefined;
  }

  async #open(): Promise<Opened | undefined> {
    const { client, namespace, readKeys, log } = this.#options;
    try {
      const [keys, configMap] = await Promise.all([readKeys(), client.get<ConfigMap>(resources.configmaps, auditHeadsName, namespace)]);
      if (!keys.signing) {
        log.error({ namespace }, "there is no key to seal with: the record of this plan is not vouched for");
        return undefined;
      }
      const trusted = trustedKeys(keys.records).keys;
      const read = parseHeads(configMap?.data);
      const newest = this.#newest(read && areSigned(read, trusted) ? read.head.number : 0, trusted);
      const isBroken = read === undefined && configMap?.data?.["heads"] !== undefined;
      const chain = chainFrom(read, { keys: trusted, newest, at: this.#time(), isBroken });
      if (chain.lost.length > (read?.lost.length ?? 0))
        log.error({ seal: newest?.number ?? 0 }, "the heads of the record were gone or set back");
      return { chain, key: keys.signing, configMap };
    } catch (error) {
      if (!isRefusal(error)) throw error;
      log.error({ err: error }, "the heads of the record can't be read");
      return undefined;
    }
  }

  /** The newest seal that is beyond what the heads know, if it is genuine. */
  #newest(known: number, keys: ReadonlyMap<string, TrustedKey>): PlanSeal | undefined {
    let newest: PlanSeal | undefined;
    for (const { status } of this.#options.plans()) {
      const seal = status?.seal;
      if (!seal || seal.number <= Math.max(known, newest?.number ?? 0)) continue;
      const key = keys.get(seal.key)?.key;
      if (key && isSigned("seal", seal, key)) newest = seal;
    }
    return newest;
  }

  /** Looks once after the seal that the heads name: a predecessor may have fallen before its plan was written. */
  async #settled(chain: Chain): Promise<Chain> {
    const { head } = chain;
    if (!head || head.hash === this.#stored) return chain;
    const plan = await this.#options.client.get<CanaryPlan>(resources.canaryplans, head.plan.name, head.plan.namespace);
    const isLive = plan?.metadata.uid === head.plan.uid && !(plan.status && terminalPhases.has(plan.status.phase));
    return isLive ? without(chain, "voided", [head.number]) : chain;
  }

  /** @returns false when the API server refuses it for good @throws ApiError for what may pass */
  async #store(chain: Chain, { key, configMap }: Opened): Promise<boolean> {
    const { client, namespace, log } = this.#options;
    this.#mustLead();
    const data = { ...configMap?.data, heads: JSON.stringify(headsOf(chain, key, this.#time())) };
    const { managedFields: _, ...metadata } = configMap?.metadata ?? { name: auditHeadsName, namespace };
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata, data };
    // So kube-apiserver's own log knows each head, and whoever cuts the chain would have to change that log, too.
    const by = { fieldManager: "serin", ...(chain.head ? { witness: witnessOf(chain.head) } : {}) };
    try {
      if (configMap) await client.replace(resources.configmaps, object, by);
      else await client.create(resources.configmaps, object, by);
      return true;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      log.error({ err: error }, "the heads of the record can't be written");
      return false;
    }
  }

  #mustLead(): void {
    if (!this.#options.mayWrite()) throw new Error("no longer the leader");
  }

  #time(): string {
    return new Date(this.#options.now()).toISOString();
  }
}

interface Opened {
  chain: Chain;
  key: SigningKey;
  configMap: ConfigMap | undefined;
}

/** The answer will be the same until a person does something about it. A conflict, a timeout or too many requests pass. */
const isRefusal = (error: unknown): boolean =>
  error instanceof ApiError && error.code >= 400 && error.code < 500 && ![408, 409, 429].includes(error.code);
