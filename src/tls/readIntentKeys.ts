import type { Log } from "../api/logLine.ts";
import type { SealKey } from "../core/admission/seal.ts";
import type { Client } from "../kube/client.ts";
import type { Secret } from "../kube/object.ts";
import { resources } from "../kube/resources.ts";
import { intentKeysSecretName, parseIntentKeys } from "./intentKeys.ts";

/** A new key must be known before it signs: rotation waits longer than this. */
const refreshMs = 30_000;
const untilFirstMs = 2_000;

/** The keys, read again now and then by one GET: the worker may read this one Secret and nothing else. */
export function readIntentKeys(
  client: Client,
  namespace: string,
  log: Log,
): { keys(): readonly SealKey[]; first: Promise<void>; stop(): void } {
  let keys: readonly SealKey[] = [];
  let timer: NodeJS.Timeout | undefined;
  const read = async (): Promise<void> => {
    try {
      keys = parseIntentKeys(await client.get<Secret>(resources.secrets, intentKeysSecretName, namespace));
    } catch (error) {
      log.warn({ err: error }, "the intent keys could not be read; trying again");
    }
    timer = setTimeout(() => void read(), keys.length === 0 ? untilFirstMs : refreshMs);
  };
  const first = read();
  return { keys: () => keys, first, stop: () => clearTimeout(timer) };
}
