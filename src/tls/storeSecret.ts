import type { Client } from "../kube/client.ts";
import type { Secret } from "../kube/object.ts";
import { resources } from "../kube/resources.ts";

/** Owner of `caBundle` and of our Secrets, and of nothing else: the applied manifests leave them out, so a re-apply can't clear them. */
export const certsFieldManager = "serin-certs";

export interface SecretPlace {
  name: string;
  namespace: string;
  /** Of a new one; the type of a Secret that is there can't be changed. */
  type: string;
}

/**
 * Writes the data of a Secret if nobody else did since it was read; labels and annotations stay.
 * @throws ApiError, a conflict (or "already exists") when somebody was faster
 */
export async function storeSecret(
  client: Client,
  { name, namespace, type }: SecretPlace,
  data: Record<string, string>,
  present: Secret | undefined,
): Promise<Secret> {
  const by = { fieldManager: certsFieldManager };
  const kind = { apiVersion: "v1", kind: "Secret" };
  if (present === undefined) return client.create<Secret>(resources.secrets, { ...kind, metadata: { name, namespace }, type, data }, by);
  const { managedFields: _, ...metadata } = present.metadata;
  return client.replace<Secret>(resources.secrets, { ...kind, metadata, type: present.type ?? type, data }, by);
}
