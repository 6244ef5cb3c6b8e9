import type { AuditKey } from "../../api/seal.ts";
import { sameCanonical } from "../../api/template.ts";

/** What is there of the keys that seal. */
export interface KeysState {
  /** Id of the private key that signs. */
  current: string | undefined;
  /** Ids of all private keys. */
  privateKeys: readonly string[];
  /** The public keys as the Secret has them: the truth. */
  records: readonly AuditKey[];
  /** The public keys as everybody can read them. */
  published: readonly AuditKey[];
  /** Whether something stands among the published ones that is no key. */
  publishedBroken: boolean;
}

/**
 * One rotation, a write each, so that a process that is killed anywhere looks again and goes on:
 *
 *   prepare  the next key is made, and vouched for by the present one, which signs on
 *   publish  everybody can read the next public key          ← only now may anything be signed with it
 *   switch   the next key signs; the present private key is destroyed, so whoever comes later can't sign the past anew
 */
export type KeysAction = "make" | "publish" | "prepare" | "switch";

/** The next thing to do about the keys; undefined when they are as they should be. `now` and `life` in milliseconds. */
export function nextForKeys(
  { current, privateKeys, records, published, publishedBroken }: KeysState,
  now: number,
  life: number,
): KeysAction | undefined {
  const signing = records.find(({ id }) => id === current && privateKeys.includes(id));
  if (!signing) return "make";
  if (publishedBroken || !sameCanonical(records, published)) return "publish";
  if (records.some(({ id }) => id !== signing.id && privateKeys.includes(id))) return "switch";
  return now - Date.parse(signing.at) >= life ? "prepare" : undefined;
}
