import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { z } from "zod";
import { type AuditKey, auditKey } from "../api/seal.ts";
import { publicKeyRecord } from "../core/audit/publicKeys.ts";
import type { SigningKey } from "../core/audit/sealPlan.ts";

/**
 * The Secret `serin-audit-signing`, with which the leading worker seals the record:
 *
 *   data:
 *     current: a-3f9a…    the name of the entry that signs
 *     a-3f9a…: <PKCS #8>  a private Ed25519 key; besides the current one only that of a rotation under way
 *     public: [{…}, …]    every public key there ever was, oldest first, each signed by the one before. The ConfigMap `serin-audit-keys` is a copy.
 *
 * (All values base64 once more, as in every Secret.)
 */
export const auditSecretName = "serin-audit-signing";

const currentEntry = "current";
const publicEntry = "public";

export interface AuditKeys {
  /** The key that signs; undefined when none can. */
  signing: SigningKey | undefined;
  privateKeys: ReadonlyMap<string, KeyObject>;
  current: string | undefined;
  records: AuditKey[];
}

export function parseAuditKeys(secret: { data?: Record<string, string> } | undefined): AuditKeys {
  const entries = Object.entries(secret?.data ?? {}).map(([name, value]) => [name, Buffer.from(value, "base64")] as const);
  const textOf = (wanted: string) => entries.find(([name]) => name === wanted)?.[1].toString("utf8");
  const privateKeys = new Map(
    entries.flatMap(([name, der]) => {
      const key = name === currentEntry || name === publicEntry ? undefined : privateKeyOf(der);
      return key ? [[name, key] as const] : [];
    }),
  );
  const current = textOf(currentEntry)?.trim();
  const key = privateKeys.get(current ?? "");
  return { signing: current && key ? { id: current, key } : undefined, privateKeys, current, records: recordsOf(textOf(publicEntry)) };
}

function privateKeyOf(der: Buffer): KeyObject | undefined {
  try {
    const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
    return key.asymmetricKeyType === "ed25519" ? key : undefined;
  } catch {
    return undefined;
  }
}

function recordsOf(text: string | undefined): AuditKey[] {
  try {
    return z.array(auditKey).parse(JSON.parse(text ?? "[]"));
  } catch {
    return [];
  }
}

/** The keys with a new one, vouched for by the one that signs now. It signs itself when there is no other. */
export function withNewKey({ privateKeys, signing, records }: AuditKeys, at: string): AuditKeys {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const record = publicKeyRecord(publicKey.export({ type: "spki", format: "der" }).toString("base64"), at, signing);
  const keys = signing ? new Map([...privateKeys, [record.id, privateKey] as const]) : new Map([[record.id, privateKey]]);
  const signs = signing ?? { id: record.id, key: privateKey };
  return { privateKeys: keys, signing: signs, current: signs.id, records: [...records, record] };
}

/** The newest key signs, and it alone is left. */
export function withNewestSigning({ privateKeys, records }: AuditKeys): AuditKeys {
  const id = records.findLast((record) => privateKeys.has(record.id))?.id ?? "";
  const key = privateKeys.get(id);
  return { privateKeys: new Map(key ? [[id, key]] : []), signing: key && { id, key }, current: id, records };
}

/** The data of the Secret. */
export function auditSecretData({ privateKeys, current = "", records }: AuditKeys): Record<string, string> {
  const keys = [...privateKeys].map(([id, key]) => [id, key.export({ type: "pkcs8", format: "der" }).toString("base64")]);
  const text = (value: string) => Buffer.from(value).toString("base64");
  return { ...Object.fromEntries(keys), [currentEntry]: text(current), [publicEntry]: text(JSON.stringify(records)) };
}

/** The data of the ConfigMap that everybody may read. */
export const publishedData = (records: readonly AuditKey[]): Record<string, string> =>
  Object.fromEntries(records.map((record) => [record.id, JSON.stringify(record)]));
