import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from "node:crypto";
import { parseAnnotation } from "../../api/annotation.ts";
import { type BeforePause, parseBeforePause } from "../../api/beforePause.ts";
import { type Approval, approval, type Intent, parseIntent } from "../../api/intent.ts";
import { type Passage, parsePassage } from "../../api/passage.ts";
import { canonicalJson } from "../../api/template.ts";

/*
 * What the webhook leaves on a Deployment or a plan is signed: anybody who may edit the object may write it, and nobody but the webhook can make
 * one that is believed. HMAC-SHA-256 over the canonical JSON of everything but the mac, with the kind of thing in front, so that an
 * approval can't be read as an intent. Unsealing gives back only what was signed.
 */

/** One signing key. The first of a list signs, all of them verify: old keys stay while a plan uses them. */
export interface SealKey {
  id: string;
  secret: Uint8Array;
}

/** Who asked what of a plan, and when: what a stamp in `spec.control` is signed over (`stamp.ts`). */
export interface SealedWish {
  v: 1;
  /** uid of the plan. */
  plan: string;
  field: string;
  wish: object;
  by: string;
  at: string;
  key: string;
  mac: string;
}

type Purpose = "intent" | "approval" | "before-pause" | "passage" | "control";
type Sealed = { key: string; mac: string };
type Content<T extends Sealed> = Omit<T, "key" | "mac">;

export const sealIntent = (content: Content<Intent>, keys: readonly SealKey[]): Intent => seal<Intent>("intent", content, keys);
export const sealApproval = (content: Content<Approval>, keys: readonly SealKey[]): Approval => seal<Approval>("approval", content, keys);
export const sealBeforePause = (content: Content<BeforePause>, keys: readonly SealKey[]): BeforePause =>
  seal<BeforePause>("before-pause", content, keys);
export const sealPassage = (content: Content<Passage>, keys: readonly SealKey[]): Passage => seal<Passage>("passage", content, keys);
export const sealWish = (content: Content<SealedWish>, keys: readonly SealKey[]): SealedWish => seal<SealedWish>("control", content, keys);
export const isSealedWish = (sealed: SealedWish, keys: readonly SealKey[]): boolean => isGenuine("control", sealed, keys);

/** The annotation as an intent for this Deployment. Undefined when absent, malformed, forged, or made for another one. */
export function openIntent(text: string | undefined, deploymentUid: string | undefined, keys: readonly SealKey[]): Intent | undefined {
  const parsed = parseIntent(text);
  return parsed && parsed.uid === deploymentUid && isGenuine("intent", parsed, keys) ? parsed : undefined;
}

/** The annotation as the approval of a step of this plan. Undefined when absent, malformed, forged, or made for another plan. */
export function openApproval(text: string | undefined, plan: string, keys: readonly SealKey[]): Approval | undefined {
  const parsed = parseAnnotation(approval, text);
  return parsed && parsed.plan === plan && isGenuine("approval", parsed, keys) ? parsed : undefined;
}

/** The annotation as the record of what served before the user's own pause. */
export function openBeforePause(
  text: string | undefined,
  deploymentUid: string | undefined,
  keys: readonly SealKey[],
): BeforePause | undefined {
  const parsed = parseBeforePause(text);
  return parsed && parsed.uid === deploymentUid && isGenuine("before-pause", parsed, keys) ? parsed : undefined;
}

/** The annotation as the note of who asked for a change of this Deployment that was let through. */
export function openPassage(text: string | undefined, deploymentUid: string | undefined, keys: readonly SealKey[]): Passage | undefined {
  const parsed = parsePassage(text);
  return parsed && parsed.uid === deploymentUid && isGenuine("passage", parsed, keys) ? parsed : undefined;
}

/** The same where a note that can't be judged yet must not be taken for a forged one. `now` in milliseconds since the epoch. */
export function readPassage(
  text: string | undefined,
  deploymentUid: string | undefined,
  keys: readonly SealKey[],
  now: number,
): Passage | "unread" | undefined {
  const genuine = openPassage(text, deploymentUid, keys);
  if (genuine) return genuine;
  const parsed = parsePassage(text);
  return parsed && parsed.uid === deploymentUid && isUnread(parsed.key, parsed.request.at, keys, now) ? "unread" : undefined;
}

/** The worker reads the keys every 30 s: what is so young may be signed with one that it has still to read. */
const keysReadMs = 60_000;

/** Whether what says to be signed with this key at that time can't be judged yet. `now` in milliseconds since the epoch. */
export const isUnread = (key: string | undefined, at: string | undefined, keys: readonly SealKey[], now: number): boolean =>
  keys.length === 0 || (key !== undefined && !keys.some(({ id }) => id === key) && Math.abs(now - Date.parse(at ?? "")) < keysReadMs);

/** The same content, key and order give the same text, so a second admission changes nothing. */
export const annotationText = (sealed: Sealed): string => canonicalJson(sealed);

function seal<T extends Sealed>(purpose: Purpose, content: Content<T>, keys: readonly SealKey[]): T {
  const key = keys[0];
  if (!key) throw new Error("there is no key to sign with: the caller checks for that first");
  const signed = { ...content, key: key.id };
  return { ...signed, mac: macOf(purpose, signed, key) } as unknown as T;
}

function isGenuine(purpose: Purpose, sealed: Sealed, keys: readonly SealKey[]): boolean {
  const { mac, ...signed } = sealed;
  const key = keys.find((candidate) => candidate.id === sealed.key);
  if (!key) return false;
  const [wanted, given] = [Buffer.from(macOf(purpose, signed, key)), Buffer.from(mac)];
  return wanted.length === given.length && timingSafeEqual(wanted, given);
}

const macOf = (purpose: Purpose, signed: object, key: SealKey): string =>
  createHmac("sha256", keyObjectOf(key))
    .update(`serin ${purpose} v1\n${canonicalJson(signed)}`)
    .digest("base64url");

/** Made once for each key: for each use it would cost more than the signature. */
const keyObjects = new WeakMap<SealKey, KeyObject>();
function keyObjectOf(key: SealKey): KeyObject {
  const made = keyObjects.get(key) ?? createSecretKey(key.secret);
  keyObjects.set(key, made);
  return made;
}
