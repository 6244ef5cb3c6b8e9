/** Builds synthetic records: revisions in the order in which they are made, 100 ms apart unless the test says otherwise. */
import type { RecordedEvent } from "../lab/recorder/recordedEvent.ts";

export interface RecordBuilder {
  readonly events: RecordedEvent[];
  /** Lets time pass before the next revision. */
  wait(ms: number): RecordBuilder;
  put(kind: string, name: string, content: Content): RecordBuilder;
  remove(kind: string, name: string): RecordBuilder;
  virtualService(...http: { route?: object[]; [other: string]: unknown }[]): RecordBuilder;
  subsets(host: string, ...names: string[]): RecordBuilder;
  pod(name: string, hash: string, ready: boolean): RecordBuilder;
  replicaSet(hash: string, replicas: number): RecordBuilder;
  plan(name: string, phase: string, request?: string): RecordBuilder;
}

interface Content {
  spec?: unknown;
  status?: unknown;
  metadata?: object;
}

/** Namespace `shop`; stable is hash `aaa`, canary `bbb`. */
export function record(): RecordBuilder {
  const events: RecordedEvent[] = [];
  const there = new Set<string>();
  let at = Date.parse("2026-11-23T03:00:00Z");
  const add = (type: RecordedEvent["type"], kind: string, name: string, content: Content) => {
    at += 100;
    const { metadata, ...rest } = content;
    const rv = events.length + 1;
    const object = {
      kind,
      ...rest,
      metadata: { name, namespace: "shop", uid: `${kind}-${name}`, resourceVersion: String(rv), ...metadata },
    };
    events.push({ at, type, kind, ns: "shop", name, rv, object });
    return builder;
  };
  const builder: RecordBuilder = {
    events,
    wait: (ms) => {
      at += ms;
      return builder;
    },
    put: (kind, name, content) => {
      const key = `${kind} ${name}`;
      const type = there.has(key) ? "MODIFIED" : "ADDED";
      there.add(key);
      return add(type, kind, name, content);
    },
    remove: (kind, name) => {
      there.delete(`${kind} ${name}`);
      return add("DELETED", kind, name, events.findLast((e) => e.kind === kind && e.name === name)?.object ?? {});
    },
    virtualService: (...http) => builder.put("VirtualService", "nginx", { spec: { hosts: ["shop.example.com"], http } }),
    subsets: (host, ...names) =>
      builder.put("DestinationRule", "nginx-serin", { spec: { host, subsets: names.map((name) => ({ name, labels: {} })) } }),
    pod: (name, hash, ready) =>
      builder.put("Pod", name, {
        metadata: { labels: { app: "nginx", "pod-template-hash": hash } },
        status: { conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
      }),
    replicaSet: (hash, replicas) =>
      builder.put("ReplicaSet", `nginx-${hash}`, {
        metadata: { labels: { app: "nginx", "pod-template-hash": hash } },
        spec: { replicas, template: { metadata: { labels: { app: "nginx", "pod-template-hash": hash } } } },
      }),
    plan: (name, phase, request = name) =>
      builder.put("CanaryPlan", name, {
        spec: { deployment: { name: "nginx" }, stable: { hash: "aaa" }, canary: { hash: "bbb" }, request: { uid: request } },
        status: { phase },
      }),
  };
  return builder;
}

export function to(host: string, weight?: number, subset?: string): object {
  const destination = subset === undefined ? { host } : { host, subset };
  return weight === undefined ? { destination } : { destination, weight };
}

/** The usual split of `nginx`. */
export function split(canary: number): { route: object[] } {
  return { route: [to("nginx", 100 - canary, "rev-aaa"), to("nginx", canary, "rev-bbb")] };
}
