import type { ManagedFieldsEntry } from "../api/intent.ts";
import { fieldManager } from "../api/names.ts";
import { withoutManager } from "../core/admission/fieldOwners.ts";
import { isConflict } from "../kube/apiError.ts";
import type { Client } from "../kube/client.ts";
import type { KubeObject } from "../kube/object.ts";
import type { Resource } from "../kube/resources.ts";

/** The decision was made from another revision of the object: look and decide again. */
export class Outdated extends Error {}

export interface GuestWrite {
  client: Client;
  resource: Resource;
  namespace: string;
  name: string;
  /** The revision that the decision was made from. */
  resourceVersion: string;
  /** RFC 7386, made from the object as it is now. Undefined: nothing to write. */
  body(now: KubeObject): Record<string, unknown> | undefined;
  /** Who owns the fields afterwards; by default those who did before. */
  owners?(before: ManagedFieldsEntry[], after: ManagedFieldsEntry[]): ManagedFieldsEntry[];
  subresource?: string;
}

/**
 * Writes into an object that belongs to a team and leaves no trace of ownership: a compare-and-swap of the change, then one of
 * `metadata.managedFields` alone (design §5, I13; why: §3 fact 12). Two requests, because the API server always enters the writer of a change.
 *
 * @returns the object as it is afterwards, for read-your-writes
 * @throws Outdated, or ApiError
 */
export async function writeAsGuest(write: GuestWrite): Promise<KubeObject> {
  const { client, resource, namespace, name } = write;
  const now = await client.get<KubeObject>(resource, name, namespace);
  if (!now || now.metadata.resourceVersion !== write.resourceVersion) throw new Outdated(`${name} has changed since it was looked at`);
  const body = write.body(now);
  if (body === undefined) return now;
  const { metadata = {}, ...rest } = body as { metadata?: Record<string, unknown> };
  const written = await client.patch<KubeObject>(
    resource,
    name,
    namespace,
    { type: "merge", body: { ...rest, metadata: { ...metadata, resourceVersion: write.resourceVersion } } },
    { fieldManager, ...(write.subresource === undefined ? {} : { subresource: write.subresource }) },
  );
  const owners = write.owners ?? ((before, after) => withoutManager(before, after, fieldManager));
  return disown(
    client,
    resource,
    written,
    owners((now.metadata.managedFields ?? []) as ManagedFieldsEntry[], (written.metadata.managedFields ?? []) as ManagedFieldsEntry[]),
  );
}

/** Takes our entries out of managedFields; with `owners`, sets exactly those as long as nobody wrote in between. */
export async function disown(client: Client, resource: Resource, object: KubeObject, owners?: ManagedFieldsEntry[]): Promise<KubeObject> {
  const { name = "", namespace } = object.metadata;
  const managedFields = owners ?? withoutOurs(object);
  try {
    // Several owners are the rule; none at all can only be said by one empty entry.
    const body = {
      metadata: { resourceVersion: object.metadata.resourceVersion, managedFields: managedFields.length === 0 ? [{}] : managedFields },
    };
    return await client.patch<KubeObject>(resource, name, namespace, { type: "merge", body }, { fieldManager });
  } catch (error) {
    if (!isConflict(error)) throw error;
    const now = await client.get<KubeObject>(resource, name, namespace);
    if (!now || withoutOurs(now).length === (now.metadata.managedFields ?? []).length) return now ?? object;
    // Somebody wrote in between: what they own now is theirs, what the owners before had and nobody claimed is given back.
    return disown(
      client,
      resource,
      now,
      owners === undefined ? undefined : withoutManager(owners, (now.metadata.managedFields ?? []) as ManagedFieldsEntry[], fieldManager),
    );
  }
}

const withoutOurs = (object: KubeObject): ManagedFieldsEntry[] =>
  ((object.metadata.managedFields ?? []) as ManagedFieldsEntry[]).filter(({ manager }) => manager !== fieldManager);
