import { hash, type KeyObject, sign, verify } from "node:crypto";
import type { CanaryPlan, PlanStatus } from "../../api/plan.ts";
import type { PlanSeal } from "../../api/seal.ts";
import { canonicalJson } from "../../api/template.ts";
import { askedOf, fieldDigests } from "./fields.ts";
import { entriesOf, entryMark, headOf, journalRoot, leftMark } from "./journal.ts";

/** A private key that signs seals, and its id. */
export interface SigningKey {
  id: string;
  key: KeyObject;
}

/** Where the next seal goes: the number and the hash of the one before it. */
export interface Link {
  number: number;
  hash: string;
}

/** What the first seal links to. */
export const genesis: Link = { number: 0, hash: "0".repeat(64) };

/** The seal of a plan that has ended with this status. The same input gives the same seal. */
export function sealPlan(
  plan: CanaryPlan,
  status: PlanStatus,
  { before, key, at }: { before: Link; key: SigningKey; at: string },
): PlanSeal {
  const { namespace, name, uid = "" } = plan.metadata;
  return signed(
    "seal",
    {
      v: 1 as const,
      number: before.number + 1,
      prev: before.hash,
      plan: { namespace, name, uid },
      request: plan.spec.request?.uid ?? "",
      outcome: status.phase,
      entries: entriesOf(status.journal),
      head: headOf(status.journal, () => journalRoot(plan)),
      marks: (status.journal ?? []).map(entryMark).join(""),
      left: leftMark(status.journal),
      fields: fieldDigests(plan, status),
      asked: askedOf(plan.spec) as Record<string, string>,
      at,
      key: key.id,
    },
    key,
  );
}

/** What the next seal links to, and what the heads name. Over the signature too: a seal has one hash. */
export const sealHash = (seal: PlanSeal): string => hash("sha256", canonicalJson(seal), "hex");

type Purpose = "seal" | "heads" | "key";

/** With an Ed25519 signature over everything in canonical JSON, and over what kind of thing it is. */
export function signed<T extends object>(purpose: Purpose, content: T, { key }: SigningKey): T & { sig: string } {
  return { ...content, sig: sign(null, messageOf(purpose, content), key).toString("base64url") };
}

/** Whether this key signed it. */
export function isSigned(purpose: Purpose, { sig, ...content }: { sig?: string | undefined }, key: KeyObject): boolean {
  return sig !== undefined && verify(null, messageOf(purpose, content), key, Buffer.from(sig, "base64url"));
}

const messageOf = (purpose: Purpose, content: object): Buffer => Buffer.from(`serin ${purpose} v1\n${canonicalJson(content)}`);
