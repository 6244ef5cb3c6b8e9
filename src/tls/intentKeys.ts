import { randomBytes } from "node:crypto";
import type { SealKey } from "../core/admission/seal.ts";

/**
 * The Secret `serin-intent-keys`, with which the webhook signs intents, approvals and who asked what of a plan, and the worker believes them:
 *
 *   data:
 *     current: k-3f9a…     the name of the entry that signs
 *     k-3f9a…: <secret>    each other entry is a key; its name is the `key` of what it signed. Those that don't sign only verify.
 *
 * (All values base64 once more, as in every Secret.) A key may go when no live plan's intent, and no stamp in its `spec.control`, names it any more.
 */
export const intentKeysSecretName = "serin-intent-keys";

const currentEntry = "current";
/** HMAC-SHA-256 wants 32 random bytes; anything shorter was typed by a person. */
const shortestSecret = 32;

interface SecretData {
  data?: Record<string, string>;
}

/** The keys, the signing one first. Empty when there is none that can sign; then nothing is believed either. */
export function parseIntentKeys(secret: SecretData | undefined): SealKey[] {
  const entries = Object.entries(secret?.data ?? {});
  const decoded = entries.map(([id, value]) => ({ id, secret: Buffer.from(value, "base64") }));
  const current = decoded
    .find(({ id }) => id === currentEntry)
    ?.secret.toString("utf8")
    .trim();
  const keys = decoded.filter(({ id, secret }) => id !== currentEntry && secret.length >= shortestSecret);
  const signing = keys.find(({ id }) => id === current);
  if (!signing) return [];
  return [signing, ...keys.filter((key) => key !== signing).sort((a, b) => (a.id < b.id ? -1 : 1))];
}

/** The data of a new Secret with one key. */
export function newIntentKeys(): Record<string, string> {
  const id = `k-${randomBytes(4).toString("hex")}`;
  return { [currentEntry]: Buffer.from(id).toString("base64"), [id]: randomBytes(shortestSecret).toString("base64") };
}
