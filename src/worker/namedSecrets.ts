import { isForbidden } from "../kube/apiError.ts";
import type { Client } from "../kube/client.ts";
import type { Secret } from "../kube/object.ts";
import { resources } from "../kube/resources.ts";
import { type Failure, failure } from "../prometheus/failure.ts";

/** What was changed is used after so long. */
const keepMs = 30_000;
/** What could not be read is tried again after so long. */
const retryMs = 5_000;

/** Looks a Secret of Serin's own namespace up by its name; undefined where there is none. */
export type SecretSource<T> = (name: string) => Promise<T | Failure | undefined>;

/** `parse` makes of a Secret's content what is needed; `version` changes when the content does. */
export interface SecretReading<T> {
  client: Pick<Client, "get">;
  /** Serin's own. */
  namespace: string;
  /** Milliseconds since the epoch. */
  now(): number;
  parse(name: string, content: Readonly<Record<string, string>>, version: string): T | Failure;
}

/**
 * Secrets of Serin's own namespace, by one GET each: the worker may read the named ones and list none (`resourceNames` of its Role). Only an administrator
 * can write a policy, and only there is a Secret named.
 */
export function namedSecrets<T extends object>({ client, namespace, now, parse }: SecretReading<T>): SecretSource<T> {
  const known = new Map<string, { until: number; found: ReturnType<SecretSource<T>> }>();

  const read: SecretSource<T> = async (name) => {
    try {
      const secret = await client.get<Secret>(resources.secrets, name, namespace);
      if (secret === undefined) return undefined;
      const content = Object.entries(secret.data ?? {}).map(([key, text]) => [key, Buffer.from(text, "base64").toString("utf8")]);
      return parse(name, Object.fromEntries(content), `${secret.metadata.uid} ${secret.metadata.resourceVersion}`);
    } catch (error) {
      if (isForbidden(error))
        return failure(`Secret ${namespace}/${name} may not be read: add its name to resourceNames of Role serin-worker in ${namespace}`);
      return failure(`Secret ${namespace}/${name} can't be read: ${error instanceof Error ? error.message : "unknown error"}`);
    }
  };

  return (name) => {
    const before = known.get(name);
    if (before !== undefined && now() < before.until) return before.found;
    const entry = { until: now() + keepMs, found: read(name) };
    known.set(name, entry);
    void entry.found.then((found) => {
      if (found === undefined || "kind" in found) entry.until = Math.min(entry.until, now() + retryMs);
    });
    return entry.found;
  };
}
