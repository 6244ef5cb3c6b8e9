import { isForbidden } from "../kube/apiError.ts";
import type { Client } from "../kube/client.ts";
import type { Secret } from "../kube/object.ts";
import { resources } from "../kube/resources.ts";
import type { CredentialsSource } from "../prometheus/access.ts";
import { parseCredentials } from "../prometheus/credentials.ts";
import { failure } from "../prometheus/failure.ts";

/** A rotated password is used after so long. */
const keepMs = 30_000;
/** What could not be read is tried again after so long. */
const retryMs = 5_000;

/**
 * Credentials for Prometheus servers, from Secrets of Serin's own namespace, by one GET each: the worker may read the named ones and list none
 * (`resourceNames` of its Role). Only an administrator can write a policy, and only there is a Secret named.
 */
export function prometheusSecrets(client: Pick<Client, "get">, namespace: string, now: () => number): CredentialsSource {
  const known = new Map<string, { until: number; found: ReturnType<CredentialsSource> }>();

  const read: CredentialsSource = async (name) => {
    try {
      const secret = await client.get<Secret>(resources.secrets, name, namespace);
      if (secret === undefined) return undefined;
      const content = Object.entries(secret.data ?? {}).map(([key, text]) => [key, Buffer.from(text, "base64").toString("utf8")]);
      return parseCredentials(name, Object.fromEntries(content), `${secret.metadata.uid} ${secret.metadata.resourceVersion}`);
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
