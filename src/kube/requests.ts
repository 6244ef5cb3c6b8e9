/** The parts that the client's requests are put together from. */
import { ApiError } from "./apiError.ts";
import type { WriteOptions } from "./client.ts";
import type { Storable } from "./object.ts";
import { collectionPath, type Resource, resourceName } from "./resources.ts";
import type { Request } from "./transport.ts";
import type { WatchOptions } from "./watch.ts";

export const patchTypes = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  // JSON is YAML; the name of the type has no JSON variant that all supported servers know.
  apply: "application/apply-patch+yaml",
} as const;

export function watchRequest(resource: Resource, options: WatchOptions): Request {
  const { namespace, labelSelector, fieldSelector, resourceVersion, timeoutSeconds } = options;
  return {
    method: "GET",
    path: collectionPath(resource, namespace),
    query: { watch: true, allowWatchBookmarks: true, resourceVersion, timeoutSeconds, labelSelector, fieldSelector },
    doing: sentence("watch", resource, undefined, namespace),
  };
}

export const writeQuery = ({ fieldManager, dryRun, witness }: WriteOptions): NonNullable<Request["query"]> => ({
  fieldManager,
  dryRun: dryRun ? "All" : undefined,
  witness,
});

/** The namespace to write an object to. */
export function placeOf(resource: Resource, object: Storable): string | undefined {
  const namespace = object.metadata?.namespace;
  if (resource.namespaced && !namespace) {
    throw new Error(`${resourceName(resource)} ${object.metadata?.name ?? ""} was written without a namespace: our bug`);
  }
  return namespace;
}

export function kindNotInstalled(doing: string, resource: Resource, cause: unknown): ApiError {
  const message = `the server does not know ${resourceName(resource)} in version ${resource.version}`;
  return new ApiError({ code: 404, reason: "KindNotInstalled", doing, message, cause });
}

/** `patch deployments.apps shop/nginx status` */
export function sentence(
  verb: string,
  resource: Resource,
  name: string | undefined,
  namespace: string | undefined,
  subresource?: string,
): string {
  const object = [namespace, name].filter(Boolean).join("/");
  return [verb, resourceName(resource), object, subresource].filter(Boolean).join(" ");
}
