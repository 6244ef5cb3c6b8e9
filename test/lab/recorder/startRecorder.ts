import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import { ApiError, type ClusterClient, connectCluster, type KubeObject } from "../kubelet/clusterClient.ts";
import { listAndWatch } from "../kubelet/listAndWatch.ts";
import type { RecordedEvent } from "./recordedEvent.ts";
import { RECORDED_KINDS, type RecordedResource } from "./recordedKinds.ts";

export interface RecorderOptions {
  readonly kubeconfig: string;
  readonly resources?: readonly RecordedResource[];
  /** Each event as one JSON line, as it comes. */
  readonly file?: string;
}

export interface Recorder {
  /** Everything so far: first what was there at the start, then every change in the order in which etcd stored it. */
  all(): RecordedEvent[];
  revisionsOf(kind: string, ns: string, name: string): RecordedEvent[];
  /** Resolves when everything that was stored before this call has been recorded. */
  caughtUp(): Promise<void>;
  /** Where revisions may be missing: the API server had forgotten them (it was restarted) or a watch fell behind. */
  readonly gaps: readonly string[];
  /**
   * Catches up, ends, and gives all(). Throws if any revision was missed, because such a record proves nothing, unless
   * the test restarts the API server itself and says so.
   */
  stop(options?: { despiteGaps: boolean }): Promise<RecordedEvent[]>;
}

const CATCH_UP_MS = 10_000;

/** The witness of the tests: knows every stored revision of the recorded kinds from now on. Resolves when it watches. */
export async function startRecorder(options: RecorderOptions): Promise<Recorder> {
  const client = connectCluster(options.kubeconfig, "lab-recorder");
  const file = options.file === undefined ? undefined : createWriteStream(options.file);
  const ended = new AbortController();
  const events: RecordedEvent[] = [];
  const gaps: string[] = [];

  const keep = (event: RecordedEvent) => {
    events.push(event);
    file?.write(`${JSON.stringify(event)}\n`);
  };
  const gap = (line: string) => {
    gaps.push(line);
    process.stderr.write(`recorder: GAP: ${line}\n`);
  };
  const resources = options.resources ?? (Object.keys(RECORDED_KINDS) as RecordedResource[]);
  const streams = resources.map((resource) => recordOne(client, RECORDED_KINDS[resource], keep, gap, ended.signal));
  await Promise.all(streams.map((stream) => stream.watching));

  const all = () => events.toSorted((a, b) => Number(b.type === "LISTED") - Number(a.type === "LISTED") || a.rv - b.rv);
  const caughtUp = async () => void (await Promise.all(streams.map((stream) => stream.caughtUp())));
  return {
    all,
    revisionsOf: (kind, ns, name) => all().filter((e) => e.kind === kind && e.ns === ns && e.name === name),
    caughtUp,
    gaps,
    async stop(options) {
      try {
        await caughtUp();
      } finally {
        ended.abort();
        await Promise.all(streams.map((stream) => stream.done));
        await client.close();
        if (file !== undefined) await finished(file.end());
      }
      if (gaps.length > 0 && options?.despiteGaps !== true) throw new Error(`the recorder missed revisions: ${gaps.join("; ")}`);
      return all();
    },
  };
}

function recordOne(
  client: ClusterClient,
  { kind, path }: { kind: string; path: string },
  keep: (event: RecordedEvent) => void,
  gap: (line: string) => void,
  signal: AbortSignal,
) {
  const latest = new Map<string, RecordedEvent>();
  const beginning = Promise.withResolvers<void>();
  /** The first list is the state at the start. A later one (a CRD that came later, or after a gap) holds changes. */
  let begun = false;

  const record = (type: RecordedEvent["type"], object: KubeObject) => {
    const { namespace: ns = "", name } = object.metadata;
    const event = { at: Date.now(), type, kind, ns, name, rv: revisionOf(object), object: { ...object, kind } };
    latest.set(`${ns}/${name}`, event);
    keep(event);
  };
  const begin = () => {
    begun = true;
    beginning.resolve();
  };

  const done = listAndWatch<KubeObject>(
    client,
    path,
    {
      listed(items) {
        for (const object of items) {
          const known = latest.get(keyOf(object));
          if (known?.rv !== revisionOf(object)) record(begun ? (known === undefined ? "ADDED" : "MODIFIED") : "LISTED", object);
        }
        begin();
      },
      changed: record,
      missed: (from) => gap(`${kind}: the API server forgot the revisions after ${from}`),
      // 404: a CRD that is not there yet. Its first objects will be changes.
      trouble: (error) => {
        if (error instanceof ApiError && error.status === 404) begin();
      },
    },
    signal,
  );

  /** A watch does not say how far it is, but a list does: wait until the watch has shown all that the list holds. */
  async function caughtUp(): Promise<void> {
    const list = await client
      .get<{ metadata: { resourceVersion: string }; items: KubeObject[] }>(path)
      .catch((error: unknown) => (error instanceof ApiError && error.status === 404 ? undefined : Promise.reject(error)));
    if (list === undefined) return;
    const asOf = Number(list.metadata.resourceVersion);
    const listed = new Map(list.items.map((object) => [keyOf(object), revisionOf(object)]));
    const behind = () =>
      [...listed].find(([key, rv]) => (latest.get(key)?.rv ?? 0) < rv)?.[0] ??
      [...latest].find(([key, last]) => last.type !== "DELETED" && last.rv <= asOf && !listed.has(key))?.[0];
    const deadline = Date.now() + CATCH_UP_MS;
    for (let key = behind(); key !== undefined; key = behind()) {
      if (Date.now() > deadline) return gap(`${kind}: the watch is ${CATCH_UP_MS / 1000} s behind at ${key}`);
      await delay(10);
    }
  }

  return { watching: beginning.promise, caughtUp, done };
}

function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
}

function revisionOf(object: KubeObject): number {
  return Number(object.metadata.resourceVersion);
}
