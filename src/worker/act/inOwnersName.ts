import type { ManagedFieldsEntry } from "../../api/intent.ts";
import type { Change } from "../../core/admission/admitCarried.ts";
import { ownedPart, soleOwner } from "../../core/admission/ownedPart.ts";
import { isUnanswered } from "../../kube/apiError.ts";
import type { Client } from "../../kube/client.ts";
import type { KubeObject } from "../../kube/object.ts";
import type { Resource } from "../../kube/resources.ts";

/**
 * Changes fields of spec in the name of the team's own tool, where it alone owns them: compare-and-swap, no change of ownership, no webhook to wait for
 * or to miss.
 *
 * @returns undefined when there is no such owner, or when the API server wants it otherwise: then another way is left
 */
export async function writeInOwnersName(
  { client, resource }: { client: Client; resource: Resource },
  now: KubeObject,
  change: Change,
): Promise<KubeObject | undefined> {
  const { spec } = change;
  // A merge patch would leave members of an object behind.
  if (spec === undefined || change.annotations || Object.values(spec).some((value) => value !== null && !Array.isArray(value)))
    return undefined;
  const owner = soleOwner((now.metadata.managedFields ?? []) as ManagedFieldsEntry[], Object.keys(spec));
  if (!owner?.manager || owner.apiVersion !== now.apiVersion) return undefined;
  const { name = "", namespace, resourceVersion } = now.metadata;
  const by = { fieldManager: owner.manager };
  try {
    if (owner.operation === "Update")
      return await client.patch<KubeObject>(
        resource,
        name,
        namespace,
        { type: "merge", body: { metadata: { resourceVersion }, spec } },
        by,
      );
    const part = ownedPart({ ...now, spec: { ...(now["spec"] as object), ...spec } }, owner.fieldsV1) as Partial<KubeObject> | undefined;
    if (part === undefined) return undefined;
    const metadata = { ...part.metadata, name, namespace, resourceVersion };
    const body = { ...part, apiVersion: now.apiVersion, kind: now.kind, metadata };
    return await client.patch<KubeObject>(resource, name, namespace, { type: "apply", body }, by);
  } catch (error) {
    if (isUnanswered(error)) throw error;
    return undefined;
  }
}
