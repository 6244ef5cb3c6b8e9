import type { AuditHeads, PlanSeal } from "../../api/seal.ts";
import type { TrustedKey } from "./publicKeys.ts";
import { parseRanges, rangesText, withNumbers } from "./ranges.ts";
import { genesis, isSigned, type Link, type SigningKey, sealHash, signed } from "./sealPlan.ts";

/** How many times the heads may be told to have been lost. */
const lostLimit = 20;

type Content = Omit<AuditHeads, "key" | "sig" | "at">;

/** What the worker goes on from: the heads as they were read, or as the plans show them where those can't be believed. */
export interface Chain {
  /** The newest seal; undefined before the first. */
  head: AuditHeads["head"] | undefined;
  pruned: string;
  deleted: string;
  voided: string;
  lost: AuditHeads["lost"];
}

const emptyChain: Chain = { head: undefined, pruned: "", deleted: "", voided: "", lost: [] };

/** Whether a key that can be believed has signed them. */
export function areSigned(heads: AuditHeads, keys: ReadonlyMap<string, TrustedKey>): boolean {
  const key = keys.get(heads.key);
  return key !== undefined && isSigned("heads", heads, key.key);
}

/**
 * What the chain is now. Heads that are gone, not signed by one of our keys, or older than what the plans show are not believed: the chain then goes on
 * from the newest seal that is known, and that it had to is written down. `isBroken`: there was a text that is none of ours.
 */
export function chainFrom(
  read: AuditHeads | undefined,
  { keys, newest, at, isBroken }: { keys: ReadonlyMap<string, TrustedKey>; newest: PlanSeal | undefined; at: string; isBroken?: boolean },
): Chain {
  const believed = read && areSigned(read, keys) ? read : undefined;
  const isOld = newest !== undefined && (believed?.head.number ?? 0) < newest.number;
  if (believed && !isOld) return believed;
  if (newest === undefined && read === undefined && !isBroken) return emptyChain;
  const number = newest?.number ?? 0;
  const head = newest && { number, hash: sealHash(newest), plan: newest.plan, at: newest.at };
  const before = believed ?? emptyChain;
  return { ...before, head, lost: [...before.lost, { at, number }].slice(-lostLimit) };
}

export const linkOf = ({ head }: Chain): Link => head ?? genesis;

/** The heads once this seal is the newest. */
export const withSeal = (chain: Chain, seal: PlanSeal): Chain => ({
  ...chain,
  head: { number: seal.number, hash: sealHash(seal), plan: seal.plan, at: seal.at },
});

/** These numbers have no plan any more, or never had one. */
export function without(chain: Chain, how: "pruned" | "deleted" | "voided", numbers: readonly number[]): Chain {
  return { ...chain, [how]: rangesText(withNumbers(parseRanges(chain[how]) ?? [], numbers)) };
}

/** As they are stored. @throws Error before the first seal */
export function headsOf({ head, pruned, deleted, voided, lost }: Chain, key: SigningKey, at: string): AuditHeads {
  if (!head) throw new Error("there is no seal yet");
  const content: Content = { v: 1, head, pruned, deleted, voided, lost };
  return signed("heads", { ...content, at, key: key.id }, key);
}

/** The head as kube-apiserver's log keeps it, in the URL of the write. */
export const witnessOf = ({ number, hash }: Link): string => `${number}.${hash}`;

/** @returns undefined when the URL says nothing of a head */
export function headInUrl(url: string): Link | undefined {
  const [, number, hash] = /[?&]witness=([1-9]\d{0,14})\.([0-9a-f]{64})(?:&|$)/.exec(url) ?? [];
  return number !== undefined && hash !== undefined ? { number: Number(number), hash } : undefined;
}
