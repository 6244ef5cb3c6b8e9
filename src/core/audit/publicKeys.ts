import { createPublicKey, hash, type KeyObject } from "node:crypto";
import type { AuditKey } from "../../api/seal.ts";
import { isSigned, type SigningKey, signed } from "./sealPlan.ts";

/** The id is made from the key, so no other key can have it. */
export const keyIdOf = (publicKey: string): string => `a-${hash("sha256", Buffer.from(publicKey, "base64"), "hex").slice(0, 20)}`;

/** The record of a new public key (SubjectPublicKeyInfo, base64), vouched for by the key that signed until now. */
export function publicKeyRecord(publicKey: string, at: string, before?: SigningKey): AuditKey {
  const record = { id: keyIdOf(publicKey), publicKey, at };
  return before === undefined ? record : signed("key", { ...record, by: before.id }, before);
}

/** A key that verifies: `order` rises with each rotation, from 0. */
export interface TrustedKey {
  id: string;
  order: number;
  key: KeyObject;
}

export interface KeyProblem {
  code: "KeyBroken" | "KeyUnvouched" | "KeyForked" | "KeyRootUnknown";
  message: string;
}

/**
 * Which public keys can be believed: the first one as it is (or the one that the auditor has named, and those after it), each other one because the one
 * before has signed it.
 */
export function trustedKeys(records: readonly AuditKey[], root?: string): { keys: Map<string, TrustedKey>; problems: KeyProblem[] } {
  const keys = new Map<string, TrustedKey>();
  const problems: KeyProblem[] = [];
  const first = root === undefined ? records[0] : records.find(({ id }) => id === root);
  if (root !== undefined && first === undefined)
    problems.push({ code: "KeyRootUnknown", message: `the key that you trust, ${root}, is not among the public keys` });
  const vouched = new Map<string, string>();
  for (const record of records) {
    const key = keyOf(record);
    if (!key) problems.push({ code: "KeyBroken", message: `public key ${record.id} is no Ed25519 key with that id` });
    else if (record === first) keys.set(record.id, { id: record.id, order: keys.size, key });
    else {
      const before = record.by === undefined ? undefined : keys.get(record.by);
      if (!before || !isSigned("key", record, before.key)) {
        const who =
          record.by === undefined ? "nobody" : before ? `a signature that is not ${record.by}'s` : `${record.by}, which is not trusted`;
        problems.push({ code: "KeyUnvouched", message: `public key ${record.id} of ${record.at} is vouched for by ${who}` });
      } else if (vouched.has(before.id)) {
        const other = vouched.get(before.id);
        problems.push({ code: "KeyForked", message: `key ${before.id} vouches for two successors, ${other} and ${record.id}` });
      } else {
        vouched.set(before.id, record.id);
        keys.set(record.id, { id: record.id, order: before.order + 1, key });
      }
    }
  }
  return { keys, problems };
}

function keyOf({ id, publicKey }: AuditKey): KeyObject | undefined {
  if (keyIdOf(publicKey) !== id) return undefined;
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, "base64"), format: "der", type: "spki" });
    return key.asymmetricKeyType === "ed25519" ? key : undefined;
  } catch {
    return undefined;
  }
}
