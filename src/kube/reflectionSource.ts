/** What one reflector reads, and what it makes of each answer. When to read is decided in `readForever.ts`. */
import { ApiError } from "./apiError.ts";
import type { Client } from "./client.ts";
import type { KubeObject, Storable } from "./object.ts";
import { type Source, staleError } from "./readForever.ts";
import type { ReflectOptions, Timing } from "./reflector.ts";
import { type Resource, resourceName } from "./resources.ts";
import type { WatchEvent } from "./watch.ts";
import { type Observed, type WatchCache, watchCache } from "./watchCache.ts";

/** So often a list older than what is held is put down to a lagging server; after that to a store restored from a backup. */
const staleListsRefused = 3;

export class ReflectionSource<Raw extends Storable, T> implements Source {
  readonly cache: WatchCache<T>;
  readonly synced = Promise.withResolvers<void>();
  isSynced = false;
  isInstalled = true;
  /** How often in a row the server did not know the kind. */
  misses = 0;
  /** By the monotonic clock, milliseconds. */
  lastByteAt = performance.now();
  /** Called for each event; set by whoever drives this source. */
  progress: () => void = () => {};

  private staleLists = 0;
  private readonly client: Pick<Client, "pages" | "watch">;
  private readonly resource: Resource;
  private readonly options: ReflectOptions<Raw, T>;
  private readonly timing: Timing;
  private readonly stopped: AbortSignal;

  constructor(
    client: Pick<Client, "pages" | "watch">,
    resource: Resource,
    options: ReflectOptions<Raw, T>,
    timing: Timing,
    stopped: AbortSignal,
  ) {
    this.client = client;
    this.resource = resource;
    this.options = options;
    this.timing = timing;
    this.stopped = stopped;
    this.synced.promise.catch(() => {}); // stopped before the first list: only those who wait need to know
    this.cache = watchCache<T>(options.indexes ?? {}, (key, before, after) => {
      try {
        options.onChange?.(key, before, after);
      } catch (error) {
        this.report(error, 0); // a fault of ours in one object must not stop the news of all others
      }
    });
  }

  async list(): Promise<void> {
    const listed: Observed<T>[] = [];
    let version = 0n;
    for await (const page of this.client.pages<Raw>(this.resource, this.scope())) {
      this.lastByteAt = performance.now();
      version = versionOf(page.resourceVersion);
      for (const item of page.items) {
        listed.push(this.observe(item));
      }
    }
    if (this.stopped.aborted) {
      return;
    }
    if (version < this.cache.position && this.staleLists < staleListsRefused) {
      this.staleLists += 1;
      throw staleError(`list ${resourceName(this.resource)}`, version, this.cache.position);
    }
    this.staleLists = 0;
    this.isInstalled = true;
    this.misses = 0;
    this.cache.replaceAll(listed, version);
    this.settle();
  }

  async watch(): Promise<void> {
    const from = this.cache.position;
    const began = performance.now();
    const options = {
      ...this.scope(),
      resourceVersion: String(from),
      // Random, so that many reflectors (and the replicas of many controllers) don't come back in the same second.
      timeoutSeconds: 290 + Math.floor(Math.random() * 301),
      silenceLimitMs: this.timing.silence,
      signal: this.stopped,
      onBytes: () => {
        this.lastByteAt = performance.now();
      },
    };
    await this.client.watch<Raw>(this.resource, options, (event) => this.take(event));
    if (this.cache.position === from && performance.now() - began < this.timing.shortestWatch) {
      const doing = `watch ${resourceName(this.resource)}`;
      throw new ApiError({ code: 503, reason: "ShortWatch", doing, message: "the server ended it at once and had sent nothing" });
    }
    this.progress();
  }

  /** Objects that we hold are given up only when the server says so again: better late than wrong. */
  kindMissing(): number {
    this.misses += 1;
    if (this.cache.size > 0 && this.isInstalled) {
      this.isInstalled = false;
      return this.timing.kindRetry / 6;
    }
    this.isInstalled = false;
    this.cache.replaceAll([], this.cache.position);
    this.settle();
    return this.timing.kindRetry;
  }

  report(error: unknown, retryInMs: number): void {
    try {
      this.options.onTrouble?.({ resource: resourceName(this.resource), error, retryInMs });
    } catch {
      // Whoever is told of trouble must not make more of it.
    }
  }

  private take(event: WatchEvent<Raw>): void {
    if (this.stopped.aborted) {
      return;
    }
    this.progress();
    if (event.type !== "BOOKMARK") {
      this.cache.apply(event.type, this.observe(event.object));
      return;
    }
    const version = versionOf(metadataOf(event.object).resourceVersion);
    if (version < this.cache.position) {
      throw staleError(`watch ${resourceName(this.resource)}`, version, this.cache.position);
    }
    this.cache.advance(version);
  }

  private observe(raw: Raw): Observed<T> {
    const { namespace = "", name, uid = "", resourceVersion } = metadataOf(raw);
    const key = this.options.keyOf?.(raw) ?? (namespace === "" ? `${name}` : `${namespace}/${name}`);
    let value: T | undefined;
    try {
      value = this.options.project(raw);
    } catch (error) {
      this.report(error, 0);
    }
    return { key, namespace, uid, version: versionOf(resourceVersion), value };
  }

  private scope(): Pick<ReflectOptions<Raw, T>, "namespace" | "labelSelector" | "fieldSelector"> {
    const { namespace, labelSelector, fieldSelector } = this.options;
    return { namespace, labelSelector, fieldSelector };
  }

  private settle(): void {
    this.isSynced = true;
    this.synced.resolve();
  }
}

const metadataOf = (object: Storable): KubeObject["metadata"] => (object.metadata ?? {}) as KubeObject["metadata"];

/** @throws ApiError, so that a server with other ideas of a resourceVersion is met with a new list, not with a crash */
function versionOf(resourceVersion: string | undefined): bigint {
  if (resourceVersion === undefined || !/^\d+$/.test(resourceVersion)) {
    throw new ApiError({ code: 0, reason: "BadAnswer", doing: "read a resourceVersion", message: `${resourceVersion} is no number` });
  }
  return BigInt(resourceVersion);
}
