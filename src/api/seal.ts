import { z } from "zod";
import { text, time } from "./statusField.ts";

/*
 * A finished plan is sealed: the worker signs what it came to (Ed25519) and links it to the seal before it, whatever plan that was of. So a cluster
 * has one chain of seals, whose newest link the ConfigMap `serin-audit-heads` names, and whose public keys are in `serin-audit-keys`.
 */

/** SHA-256 in hexadecimal, whole. */
const hash = (what: string) => text(`SHA-256 of ${what}, in hexadecimal.`, 64);
const number = z.int().min(1);

export const planSeal = z
  .strictObject({
    v: z.literal(1).describe("Format of this seal."),
    number: number.describe("Place in the cluster's chain of seals, from 1."),
    prev: hash("the seal before this one, or zeros"),
    plan: z
      .strictObject({ namespace: text("Its namespace.", 63), name: text("Its name.", 253), uid: text("Its uid.", 64) })
      .describe("The plan that is sealed."),
    request: text("uid of the admission request; empty when a change came past the webhook.", 64),
    outcome: text("The phase that the plan ended in.", 32),
    entries: z.int().min(0).describe("How many journal entries were ever made."),
    head: hash("the last journal entry, and through it of all"),
    marks: text(
      "Of each journal entry that is kept, the first eight characters of its content's SHA-256: tells which one was changed.",
      1616,
    ),
    left: text("SHA-256 of the entry that stands for those left out, whose hash says nothing of itself; empty when there is none.", 64),
    fields: z
      .record(z.string(), z.string().max(32))
      .describe("Half a SHA-256 of each field of spec and status: tells which one was changed."),
    asked: z
      .record(z.string(), z.string().max(8192))
      .describe("What people had asked of the plan by then, as JSON: these fields of spec.control stay open, the seal keeps what counted."),
    at: time("When it was sealed."),
    key: text("Id of the key that signed.", 64),
    sig: text("Ed25519 over all of the above in canonical JSON, base64url.", 128),
  })
  .describe("What vouches for a finished plan: signed by the worker, and linked to the seal before it.");
export type PlanSeal = z.infer<typeof planSeal>;

const place = z.strictObject({ number, hash: z.string().max(64) });

/** `heads` in the ConfigMap `serin-audit-heads`: where the chain of seals ends. Written by the leading worker before the plan is, signed by it. */
export const auditHeads = z.strictObject({
  v: z.literal(1),
  /** The newest seal, and whose it is. */
  head: place.extend({ plan: planSeal.shape.plan, at: z.string().max(40) }),
  /** Numbers whose plans are gone by `history` of their policy: `1-40,42`. At most as many ranges as there are plans left. */
  pruned: z.string(),
  /** Numbers whose plans somebody deleted while they held something: that is how a change is cancelled. */
  deleted: z.string(),
  /** Numbers that no plan ever carried: the worker fell between the two writes, and the plan got the next one. */
  voided: z.string(),
  /** When the heads were found to be gone or older than the plans, and the newest number that the plans showed. The latest twenty. */
  lost: z.array(z.strictObject({ at: z.string().max(40), number: z.int().min(0) })).max(20),
  at: z.string().max(40),
  key: z.string().max(64),
  sig: z.string().max(128),
});
export type AuditHeads = z.infer<typeof auditHeads>;

/** One entry of the ConfigMap `serin-audit-keys`. The id is made from the key itself; each key but the first is signed by the one before. */
export const auditKey = z.strictObject({
  id: z.string().max(64),
  /** SubjectPublicKeyInfo, DER, base64. */
  publicKey: z.string().max(256),
  /** When it was made. */
  at: z.string().max(40),
  /** Id of the key before it, and that key's Ed25519 over the rest, base64url. */
  by: z.string().max(64).optional(),
  sig: z.string().max(128).optional(),
});
export type AuditKey = z.infer<typeof auditKey>;

/** Where the heads and the public keys are, in Serin's own namespace. */
export const auditHeadsName = "serin-audit-heads";
export const auditKeysName = "serin-audit-keys";

/** `data.heads` of the ConfigMap. Undefined when it is none of ours. */
export const parseHeads = (data: Readonly<Record<string, string>> | undefined): AuditHeads | undefined =>
  parsed(auditHeads, data?.["heads"]);

/** All public keys of the ConfigMap, oldest first; `broken` names entries that are none. */
export function parseKeys(data: Readonly<Record<string, string>> | undefined): { keys: AuditKey[]; broken: string[] } {
  const entries = Object.entries(data ?? {}).map(([name, text]) => ({ name, key: parsed(auditKey, text) }));
  const keys = entries.flatMap(({ name, key }) => (key && key.id === name ? [key] : []));
  return {
    keys: keys.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)),
    broken: entries.filter(({ name, key }) => key?.id !== name).map(({ name }) => name),
  };
}

function parsed<T>(schema: z.ZodType<T>, text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
