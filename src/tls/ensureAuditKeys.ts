import { auditKeysName, parseKeys } from "../api/seal.ts";
import { type KeysAction, nextForKeys } from "../core/audit/keepKeys.ts";
import type { Client } from "../kube/client.ts";
import type { ConfigMap, Secret } from "../kube/object.ts";
import { resources } from "../kube/resources.ts";
import {
  type AuditKeys,
  auditSecretData,
  auditSecretName,
  parseAuditKeys,
  publishedData,
  withNewestSigning,
  withNewKey,
} from "./auditKeys.ts";
import { certsFieldManager, storeSecret } from "./storeSecret.ts";

/**
 * Makes, publishes and rotates the keys that seal the record, one step at a time; every write is a compare-and-swap.
 * @returns the step that was taken; undefined when there was none to take @throws ApiError
 */
export async function ensureAuditKeys(
  client: Client,
  { namespace, life, now }: { namespace: string; life: number; now: number },
): Promise<KeysAction | undefined> {
  const [secret, configMap] = await Promise.all([
    client.get<Secret>(resources.secrets, auditSecretName, namespace),
    client.get<ConfigMap>(resources.configmaps, auditKeysName, namespace),
  ]);
  const keys = parseAuditKeys(secret);
  const { keys: published, broken } = parseKeys(configMap?.data);
  const state = { ...keys, privateKeys: [...keys.privateKeys.keys()], published, publishedBroken: broken.length > 0 };
  const action = nextForKeys(state, now, life);
  const at = new Date(now).toISOString();
  const store = (next: AuditKeys) =>
    storeSecret(client, { name: auditSecretName, namespace, type: "Opaque" }, auditSecretData(next), secret);
  switch (action) {
    // Where the Secret was lost, the keys that everybody knows stay known; nobody can vouch for the new one.
    case "make":
      await store(withNewKey({ ...keys, signing: undefined, records: keys.records.length > 0 ? keys.records : published }, at));
      break;
    case "prepare":
      await store(withNewKey(keys, at));
      break;
    case "switch":
      await store(withNewestSigning(keys));
      break;
    case "publish":
      await publish(client, namespace, { data: publishedData(keys.records), configMap });
      break;
    case undefined:
      break;
  }
  return action;
}

async function publish(
  client: Client,
  namespace: string,
  { data, configMap }: { data: Record<string, string>; configMap: ConfigMap | undefined },
): Promise<void> {
  const by = { fieldManager: certsFieldManager };
  const kind = { apiVersion: "v1", kind: "ConfigMap" };
  if (configMap === undefined) {
    await client.create(resources.configmaps, { ...kind, metadata: { name: auditKeysName, namespace }, data }, by);
    return;
  }
  const { managedFields: _, ...metadata } = configMap.metadata;
  await client.replace(resources.configmaps, { ...kind, metadata, data }, by);
}
