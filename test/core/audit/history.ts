import { generateKeyPairSync } from "node:crypto";
import type { CanaryPlan, JournalEntry, Phase } from "../../../src/api/plan.ts";
import type { AuditHeads, AuditKey, PlanSeal } from "../../../src/api/seal.ts";
import { type Chain, chainFrom, headsOf, linkOf, without, withSeal } from "../../../src/core/audit/heads.ts";
import { appended, journalRoot } from "../../../src/core/audit/journal.ts";
import { publicKeyRecord } from "../../../src/core/audit/publicKeys.ts";
import { type SigningKey, sealPlan } from "../../../src/core/audit/sealPlan.ts";
import type { Evidence } from "../../../src/core/audit/verify.ts";
import { aPlan, aRequest, inPhase } from "../../build/plan.ts";
import { revisionOf, start } from "../../build/story.ts";

/** A small generator with a seed (mulberry32), so that a history that fails can be made again. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** From 0 up to, and without, `below`. */
  roll(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.roll(list.length)] as T;
  }
}

export interface MadeKey extends SigningKey {
  record: AuditKey;
}

export function makeKey(at: string, before?: SigningKey): MadeKey {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const record = publicKeyRecord(publicKey.export({ type: "spki", format: "der" }).toString("base64"), at, before);
  return { id: record.id, key: privateKey, record };
}

const timeAt = (seconds: number): string => new Date(start + seconds * 1_000).toISOString();
const endings: readonly Phase[] = ["Promoted", "RolledBack", "Held", "Cancelled", "Superseded", "Bypassed"];

/** Everything that an auditor would have, and the keys that he would not. */
export interface History {
  plans: CanaryPlan[];
  heads: AuditHeads;
  keys: MadeKey[];
}

export const evidenceOf = ({ plans, heads, keys }: History, over: Partial<Evidence> = {}): Evidence => ({
  plans,
  heads,
  keys: keys.map(({ record }) => record),
  complete: true,
  now: start + 10_000_000,
  ...over,
});

export interface HistoryOptions {
  plans?: number;
  /** Entries of each journal at most. */
  entries?: number;
  keys?: readonly MadeKey[];
}

/** An honest history of a cluster: endings of all kinds, long and short journals, a rotation or two, plans that were pruned, deleted and voided. */
export function aHistory(dice: Dice, options: HistoryOptions = {}): History {
  const count = options.plans ?? 8 + dice.roll(8);
  const keys: MadeKey[] = [...(options.keys ?? [makeKey(timeAt(0))])];
  let chain: Chain = chainFrom(undefined, { keys: new Map(), newest: undefined, at: timeAt(0) });
  const plans: CanaryPlan[] = [];
  let heads: AuditHeads | undefined;
  for (let index = 0; index < count; index += 1) {
    const seconds = index * 600;
    if (options.keys === undefined && dice.roll(6) === 0) keys.push(makeKey(timeAt(seconds), keys.at(-1)));
    const key = keys.at(-1) as MadeKey;
    if (dice.roll(10) === 0) chain = voidedOnce(chain, aFinished(dice, 1_000 + index, seconds, 3), key, seconds);
    const plan = aFinished(dice, index, seconds, options.entries ?? (dice.roll(8) === 0 ? 260 : 30));
    chain = withSeal(chain, sealed(plan, chain, key, seconds));
    plans.push(plan);
    heads = headsOf(chain, key, timeAt(seconds));
  }
  const gone = options.plans === undefined ? plans.splice(0, plans.length - 7) : [];
  const key = keys.at(-1) as MadeKey;
  chain = without(chain, "pruned", numbersOf(gone.slice(1)));
  chain = without(chain, "deleted", numbersOf(gone.slice(0, 1)));
  heads = headsOf(chain, key, timeAt(count * 600));
  if (options.plans === undefined) plans.push(aLive(dice, count, count * 600));
  return { plans, heads, keys };
}

const numbersOf = (plans: readonly CanaryPlan[]): number[] => plans.map((plan) => sealOf(plan).number);

export function sealOf({ status }: CanaryPlan): PlanSeal {
  if (!status?.seal) throw new Error("no seal");
  return status.seal;
}

function sealed(plan: CanaryPlan, chain: Chain, key: SigningKey, seconds: number): PlanSeal {
  if (!plan.status) throw new Error("no status");
  const seal = sealPlan(plan, plan.status, { before: linkOf(chain), key, at: timeAt(seconds) });
  plan.status.seal = seal;
  return seal;
}

/** A seal that no plan ever carried. */
const voidedOnce = (chain: Chain, plan: CanaryPlan, key: SigningKey, seconds: number): Chain => {
  const seal = sealed(plan, chain, key, seconds);
  return without(withSeal(chain, seal), "voided", [seal.number]);
};

function aLive(dice: Dice, index: number, seconds: number): CanaryPlan {
  const plan = aFinished(dice, index, seconds, 5);
  if (plan.status) plan.status.phase = "Progressing";
  return plan;
}

function aFinished(dice: Dice, index: number, seconds: number, longest: number): CanaryPlan {
  const phase = dice.pick(endings);
  const image = `nginx:1.${index}`;
  const plan = aPlan(inPhase(phase), (draft) => {
    draft.metadata.namespace = dice.pick(["shop", "town", "pay"]);
    draft.metadata.name = `web-${index}`;
    draft.metadata.uid = `plan-${index}`;
    draft.spec.canary = revisionOf(image);
    if (phase === "Bypassed") delete draft.spec.request;
    else draft.spec.request = aRequest({ uid: `request-${index}`, user: dice.pick(["alice", "bob", "carol"]), at: timeAt(seconds) });
    if (dice.roll(3) === 0) draft.spec.control.promote = { full: false, by: "alice", at: timeAt(seconds + 5) };
  });
  if (!plan.status) throw new Error("no status");
  const length = 4 + dice.roll(Math.max(1, longest - 4));
  let journal: JournalEntry[] | undefined;
  for (let i = 0; i < length; i += 1) {
    const entry = {
      at: timeAt(seconds + i),
      reason: dice.pick(["StepStarted", "StepCompleted", "TrafficWeightUpdated"]),
      message: `weight ${i} of plan ${index}`,
    };
    journal = appended(journal, entry, () => journalRoot(plan));
  }
  if (journal) plan.status.journal = journal;
  return plan;
}
