/** Typed access to the API server. Reads may be repeated inside, a write is never repeated blindly. */
import { isGone, isNotFound } from "./apiError.ts";
import type { Connection } from "./connection.ts";
import type { KubeObject, Storable } from "./object.ts";
import { kindNotInstalled, patchTypes, placeOf, sentence, watchRequest, writeQuery } from "./requests.ts";
import { collectionPath, objectPath, type Resource } from "./resources.ts";
import { type Request, transportOver } from "./transport.ts";
import { readWatch, type WatchEvent, type WatchOptions } from "./watch.ts";

/** RFC 6902. A `test` that misses makes the server answer 422. */
export type JsonPatchOperation =
  | { op: "add" | "replace" | "test"; path: string; value: unknown }
  | { op: "remove"; path: string }
  | { op: "move" | "copy"; from: string; path: string };

export type Patch =
  | { type: "json"; operations: JsonPatchOperation[] }
  /** RFC 7386: null removes a field, a list is replaced whole. With `metadata.resourceVersion` it is a compare-and-swap. */
  | { type: "merge"; body: unknown }
  /** Server-side apply. The body names apiVersion and kind. */
  | { type: "apply"; body: Storable; force?: boolean };

export interface ListOptions {
  /** Absent for a namespaced kind: all namespaces. */
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
  /** Objects per page; all pages are read. */
  limit?: number;
}
export interface Page<T> {
  items: T[];
  /** The same on each page of one list: a watch goes on from here. */
  resourceVersion: string;
}
export interface WriteOptions {
  fieldManager?: string;
  /** Admission runs, nothing is stored. */
  dryRun?: boolean;
  /** Stands in the request's URL, which kube-apiserver's audit log keeps at every level; the server itself overlooks it. */
  witness?: string;
}
export interface PatchOptions extends WriteOptions {
  fieldManager: string;
  subresource?: string;
  /**
   * The headers go at once, the rest of the body so much later, milliseconds. kube-apiserver authenticates and authorises by the headers: of several
   * patches that are sent together, none can take away the right to another.
   */
  bodyAfterMs?: number;
}
export interface RemoveOptions {
  /** Preconditions: a mismatch is a 409. */
  resourceVersion?: string;
  uid?: string;
  propagationPolicy?: "Orphan" | "Background" | "Foreground";
}

export interface Client {
  /** @returns undefined when there is none, or when its kind is not installed */
  get<T extends Storable = KubeObject>(resource: Resource, name: string, namespace?: string): Promise<T | undefined>;
  /** All objects, read page by page. @throws ApiError with reason KindNotInstalled when the CRD is absent */
  list<T extends Storable = KubeObject>(resource: Resource, options?: ListOptions): Promise<Page<T>>;
  /** The same as `list` in pieces, for those who keep only a part of each object. */
  pages<T extends Storable = KubeObject>(resource: Resource, options?: ListOptions): AsyncIterable<Page<T>>;
  create<T extends Storable>(resource: Resource, object: T, options?: WriteOptions): Promise<T>;
  /** A compare-and-swap when the object carries its resourceVersion, which it should. */
  replace<T extends Storable>(resource: Resource, object: T, options?: WriteOptions & { subresource?: "status" }): Promise<T>;
  patch<T extends Storable = KubeObject>(
    resource: Resource,
    name: string,
    namespace: string | undefined,
    patch: Patch,
    options: PatchOptions,
  ): Promise<T>;
  /** Gone already is fine. */
  remove(resource: Resource, name: string, namespace?: string, options?: RemoveOptions): Promise<void>;
  /** Reads events until the server ends the watch or the signal aborts. @throws ApiError for any other end */
  watch<T extends Storable = KubeObject>(resource: Resource, options: WatchOptions, onEvent: (event: WatchEvent<T>) => void): Promise<void>;
}

export interface ClientOptions {
  /** Milliseconds for one read, or for a write with all its waiting; the server is told the same. Default 5,000. */
  timeoutMs?: number;
  /** For the lease: never wait for a free connection, however busy the others are. */
  urgent?: boolean;
}

/** A page of plans is then 1.5 MB. With client-go's 500 a webhook that starts beside 1,100 plans has 30 MB more at its peak, and takes no less CPU. */
const pageSize = 100;

export function createClient(connection: Connection, options: ClientOptions = {}): Client {
  const transport = transportOver(connection, { timeoutMs: options.timeoutMs ?? 5_000, urgent: options.urgent ?? false });
  const send = async <T>(request: Request): Promise<T> => (await transport.send(request)) as T;

  async function* pages<T extends Storable>(resource: Resource, options: ListOptions = {}): AsyncGenerator<Page<T>> {
    const { namespace, labelSelector, fieldSelector, limit = pageSize } = options;
    const doing = sentence("list", resource, undefined, namespace);
    let next: string | undefined;
    do {
      const page = await send<RawList<T>>({
        method: "GET",
        path: collectionPath(resource, namespace),
        query: { limit, continue: next, labelSelector, fieldSelector },
        doing,
      }).catch((error: unknown) => {
        throw isNotFound(error) ? kindNotInstalled(doing, resource, error) : error;
      });
      yield { items: page.items ?? [], resourceVersion: page.metadata.resourceVersion };
      next = page.metadata.continue || undefined;
    } while (next !== undefined);
  }

  return {
    pages,
    async get(resource, name, namespace) {
      const doing = sentence("get", resource, name, namespace);
      try {
        return await send({ method: "GET", path: objectPath(resource, name, namespace), doing });
      } catch (error) {
        if (isNotFound(error)) {
          return undefined;
        }
        throw error;
      }
    },
    async list<T extends Storable>(resource: Resource, options: ListOptions = {}) {
      try {
        return await together(pages<T>(resource, options));
      } catch (error) {
        // The token of the next page is good for a few minutes only; a list that was overtaken starts again, once.
        if (isGone(error)) {
          return together(pages<T>(resource, options));
        }
        throw error;
      }
    },
    create: (resource, object, options = {}) =>
      send({
        method: "POST",
        path: collectionPath(resource, placeOf(resource, object)),
        query: writeQuery(options),
        body: object,
        doing: sentence("create", resource, object.metadata?.name, object.metadata?.namespace),
      }),
    replace: (resource, object, options = {}) =>
      send({
        method: "PUT",
        path: objectPath(resource, object.metadata?.name ?? "", placeOf(resource, object), options.subresource),
        query: writeQuery(options),
        body: object,
        doing: sentence("replace", resource, object.metadata?.name, object.metadata?.namespace, options.subresource),
      }),
    patch: (resource, name, namespace, patch, options) =>
      send({
        method: "PATCH",
        path: objectPath(resource, name, namespace, options.subresource),
        query: { ...writeQuery(options), force: patch.type === "apply" ? (patch.force ?? false) : undefined },
        body: patch.type === "json" ? patch.operations : patch.body,
        contentType: patchTypes[patch.type],
        bodyAfterMs: options.bodyAfterMs,
        doing: sentence("patch", resource, name, namespace, options.subresource),
      }),
    async remove(resource, name, namespace, options = {}) {
      const { uid, resourceVersion, propagationPolicy } = options;
      const body = {
        apiVersion: "v1",
        kind: "DeleteOptions",
        ...(uid || resourceVersion ? { preconditions: { uid, resourceVersion } } : {}),
        ...(propagationPolicy ? { propagationPolicy } : {}),
      };
      const doing = sentence("delete", resource, name, namespace);
      try {
        await send({ method: "DELETE", path: objectPath(resource, name, namespace), body, doing });
      } catch (error) {
        if (!isNotFound(error)) {
          throw error;
        }
      }
    },
    watch: (resource, options, onEvent) => readWatch(transport, watchRequest(resource, options), options, onEvent),
  };
}

interface RawList<T> {
  items: T[] | null;
  metadata: { resourceVersion: string; continue?: string };
}

async function together<T>(pages: AsyncIterable<Page<T>>): Promise<Page<T>> {
  const all: Page<T> = { items: [], resourceVersion: "" };
  for await (const page of pages) {
    all.items = all.items.concat(page.items);
    all.resourceVersion = page.resourceVersion;
  }
  return all;
}
