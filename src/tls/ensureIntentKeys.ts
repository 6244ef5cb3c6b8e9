import type { Client } from "../kube/client.ts";
import type { Secret } from "../kube/object.ts";
import { resources } from "../kube/resources.ts";
import { intentKeysSecretName, newIntentKeys, parseIntentKeys } from "./intentKeys.ts";
import { storeSecret } from "./storeSecret.ts";

/** Makes the keys that sign intents where there are none that can. @returns whether it did @throws ApiError */
export async function ensureIntentKeys(client: Client, namespace: string): Promise<boolean> {
  const present = await client.get<Secret>(resources.secrets, intentKeysSecretName, namespace);
  if (parseIntentKeys(present).length > 0) return false;
  await storeSecret(client, { name: intentKeysSecretName, namespace, type: "Opaque" }, newIntentKeys(), present);
  return true;
}
