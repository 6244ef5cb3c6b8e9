import { setTimeout as delay } from "node:timers/promises";
import { ApiError, type ClusterClient, type KubeObject } from "./clusterClient.ts";

export type ChangeType = "ADDED" | "MODIFIED" | "DELETED";

export interface Listener<T> {
  /** Everything there is; comes first, and again after the API server has forgotten our place (410). */
  listed(items: T[], resourceVersion: string): void;
  changed(type: ChangeType, object: T): void;
  /** The API server no longer has the revisions after `from`: some were not seen. */
  missed?(from: string): void;
  trouble?(error: unknown): void;
}

interface WatchLine<T> {
  type: ChangeType | "BOOKMARK" | "ERROR";
  object: T & { code?: number; message?: string };
}

const RETRY_MS = 200;

/**
 * Lists a collection, then watches it from exactly that revision, for as long as the signal allows. A broken watch is
 * taken up again where it ended, so nothing is seen twice and nothing is left out; only a 410 lists anew.
 */
export async function listAndWatch<T extends KubeObject>(
  client: ClusterClient,
  path: string,
  listener: Listener<T>,
  signal: AbortSignal,
): Promise<void> {
  let from: string | undefined;
  while (!signal.aborted) {
    try {
      if (from === undefined) {
        const list = await client.get<{ metadata: { resourceVersion: string }; items: T[] }>(path);
        from = list.metadata.resourceVersion;
        listener.listed(list.items, from);
      }
      const query = `watch=true&allowWatchBookmarks=true&timeoutSeconds=600&resourceVersion=${from}`;
      for await (const line of client.lines(`${path}?${query}`, signal)) {
        if (line === "") continue;
        const { type, object } = JSON.parse(line) as WatchLine<T>;
        if (type === "ERROR") throw new ApiError(object.code ?? 500, object.message ?? line);
        from = object.metadata.resourceVersion ?? from;
        if (type !== "BOOKMARK") listener.changed(type, object);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && error.status === 410) {
        if (from !== undefined) listener.missed?.(from);
        from = undefined;
      } else {
        listener.trouble?.(error);
        await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}
