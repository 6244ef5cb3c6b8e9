/** A live copy of one kind: lists, watches, and carries on for as long as the process lives, whatever the server does. */
import type { Client } from "./client.ts";
import type { IndexFunctions } from "./indexedStore.ts";
import type { KubeObject, Storable } from "./object.ts";
import { type Backoff, readForever } from "./readForever.ts";
import { ReflectionSource } from "./reflectionSource.ts";
import type { Resource } from "./resources.ts";
import { silenceLimit } from "./watch.ts";
import type { OnChange } from "./watchCache.ts";

export interface ReflectOptions<Raw extends Storable, T> {
  /** Keeps of an object what is needed, so that managedFields and the like cost no memory; undefined leaves it out. */
  project(raw: Raw): T | undefined;
  /** Default `namespace/name`, or `name` for cluster-wide kinds. */
  keyOf?(raw: Raw): string;
  /**
   * Told after the copy has changed. An object that was deleted and made again is told twice (gone, then new); a write
   * of ours that changed nothing is told with before and after the same, so that whoever waits for it wakes up.
   */
  onChange?: OnChange<T>;
  /** Told of each failure, for the log and the metrics; nothing needs to be done about it. */
  onTrouble?(trouble: Trouble): void;
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
  indexes?: IndexFunctions<T>;
  timing?: Partial<Timing>;
}

export interface Trouble {
  /** `deployments.apps` */
  resource: string;
  error: unknown;
  /** Milliseconds until the next try; 0 when the reflector simply goes on (a fault in a callback of ours). */
  retryInMs: number;
}

/** All in milliseconds. Only tests have a reason to change them. */
export interface Timing {
  silence: number;
  backoff: Backoff;
  /** How often a kind that is not installed is looked for: somebody may install Istio later. */
  kindRetry: number;
  /** A watch that ends earlier and brought nothing is a failure, or a server that refuses politely would be flooded. */
  shortestWatch: number;
}
const defaultTiming: Timing = {
  silence: silenceLimit,
  backoff: { first: 100, longest: 30_000 },
  kindRetry: 30_000,
  shortestWatch: 1_000,
};

export interface Reflector<T> {
  get(key: string): T | undefined;
  values(): T[];
  byNamespace(namespace: string): T[];
  index(name: string, indexKey: string): T[];
  /** Resolves when the first complete list is here, or when it is clear that the kind is not installed. */
  readonly synced: Promise<void>;
  readonly isSynced: boolean;
  /** false while the API server does not know the kind (no CRD). */
  readonly isInstalled: boolean;
  /** It has said so twice in a row, at least 5 s apart: no passing fault of a server that has just started. */
  readonly isGone: boolean;
  /** Everything up to here has been seen. */
  readonly resourceVersion: string;
  /** For the metric and the liveness probe; bookmarks keep it below about 60. */
  secondsSinceLastByte(): number;
  /** We wrote this key and the answer carried this resourceVersion. The copy itself only ever changes by what the server sends. */
  noteWritten(key: string, resourceVersion: string): void;
  /** Whether the copy is at least as new as all noted writes of this key. */
  caughtUp(key: string): boolean;
  /** Ends the watch; nothing is told after this. */
  stop(): void;
}

/** Starts to read at once. */
export function reflect<Raw extends Storable = KubeObject, T = Raw>(
  client: Pick<Client, "pages" | "watch">,
  resource: Resource,
  options: ReflectOptions<Raw, T>,
): Reflector<T> {
  const timing = { ...defaultTiming, ...options.timing };
  const stopping = new AbortController();
  const source = new ReflectionSource(client, resource, options, timing, stopping.signal);
  source.progress = readForever(source, timing.backoff, stopping.signal);
  const { cache } = source;
  return {
    get: cache.get,
    values: cache.values,
    byNamespace: cache.byNamespace,
    index: cache.index,
    synced: source.synced.promise,
    get isSynced() {
      return source.isSynced;
    },
    get isInstalled() {
      return source.isInstalled;
    },
    get isGone() {
      return source.misses > 1;
    },
    get resourceVersion() {
      return String(cache.position);
    },
    secondsSinceLastByte: () => (performance.now() - source.lastByteAt) / 1000,
    noteWritten: (key, resourceVersion) => cache.noteWritten(key, BigInt(resourceVersion)),
    caughtUp: cache.caughtUp,
    stop() {
      stopping.abort();
      source.synced.reject(new Error("the reflector was stopped before its first list was complete"));
    },
  };
}
