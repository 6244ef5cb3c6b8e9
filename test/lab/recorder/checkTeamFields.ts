import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "../kubelet/clusterClient.ts";
import { type RecordedEvent, stamp } from "./recordedEvent.ts";
import { replay } from "./replay.ts";
import { fullHost, PROTOCOLS, splitHosts, type VirtualServiceSpec, type WireDestination, type WireRoute } from "./routes.ts";

export interface TeamFieldsOptions {
  /** Hosts whose destinations may change; every host that was ever split when absent. */
  readonly hosts?: readonly string[];
  /** Annotations that the test's own user changes, e.g. last-applied-configuration by `kubectl apply`. */
  readonly annotations?: readonly string[];
}

/**
 * I11: what is not ours stays as it was first recorded, at every revision.
 * VirtualService: all but the destinations of our hosts and the subset of a mirror to them. In a route with one of our
 * hosts the third parties' weights may be multiplied; checkWeights looks after their shares.
 * Deployment: all but paused, template, replicas, our annotations and the controller's revision number.
 */
export function checkTeamFields(events: readonly RecordedEvent[], options: TeamFieldsOptions = {}): string[] {
  const ours = splitHosts(events, options.hosts);
  const parts: Record<string, (event: RecordedEvent) => unknown> = {
    VirtualService: (event) => teamsVirtualService(event, ours),
    Deployment: ({ object }) => teamsDeployment(object, new Set(options.annotations)),
  };
  const firsts = new Map<string, unknown>();
  const found: string[] = [];
  replay(events, (event) => {
    const part = parts[event.kind];
    if (part === undefined || event.type === "DELETED") return;
    const key = event.object.metadata.uid ?? `${event.kind} ${event.ns}/${event.name}`;
    const now = part(event);
    if (!firsts.has(key)) firsts.set(key, now);
    found.push(...differences(firsts.get(key), now).map((line) => `${stamp(event)}: ${line}`));
  });
  return found;
}

/** The rest of I11, for the end of a record: each VirtualService's whole spec is what it was first recorded as. */
export function checkRoutesRestored(events: readonly RecordedEvent[]): string[] {
  const firsts = new Map<string, unknown>();
  const world = replay(events, ({ kind, type, object }) => {
    const uid = object.metadata.uid ?? "";
    if (kind === "VirtualService" && type !== "DELETED" && !firsts.has(uid)) firsts.set(uid, object.spec);
  });
  return world
    .list("VirtualService")
    .flatMap((event) =>
      differences(firsts.get(event.object.metadata.uid ?? ""), event.object.spec, "spec").map((line) => `${stamp(event)}: ${line}`),
    );
}

function teamsVirtualService(event: RecordedEvent, ours: ReadonlySet<string>): unknown {
  const spec = { ...(event.object.spec as VirtualServiceSpec | undefined) };
  const isOurs = (destination: WireDestination | undefined) => ours.has(fullHost(destination?.host ?? "", event.ns));
  const unpinned = (destination: WireDestination): WireDestination => {
    const { subset: _, ...unpinned } = destination;
    return isOurs(destination) ? unpinned : destination;
  };
  for (const protocol of PROTOCOLS) {
    const routes = spec[protocol];
    if (routes !== undefined) spec[protocol] = routes.map(teamsRoute);
  }
  return { metadata: teamsMetadata(event.object, () => true), spec };

  function teamsRoute(route: WireRoute): WireRoute {
    const entries = route.route ?? [];
    const others = entries.filter((entry) => !isOurs(entry.destination));
    return {
      ...route,
      ...(others.length === entries.length ? {} : { route: others.map((entry) => ({ ...entry, weight: undefined })) }),
      ...(route.mirror === undefined ? {} : { mirror: unpinned(route.mirror) }),
      ...(route.mirrors === undefined
        ? {}
        : { mirrors: route.mirrors.map((m) => (m.destination === undefined ? m : { ...m, destination: unpinned(m.destination) })) }),
    };
  }
}

function teamsDeployment(object: KubeObject, ignored: ReadonlySet<string>): unknown {
  const { paused: _, template: __, replicas: ___, ...spec } = object.spec as Record<string, unknown>;
  const teams = (name: string) => !name.startsWith("serin.dev/") && name !== "deployment.kubernetes.io/revision" && !ignored.has(name);
  return { metadata: teamsMetadata(object, teams), spec };
}

function teamsMetadata({ metadata }: KubeObject, isTeams: (annotation: string) => boolean): unknown {
  const { labels = {}, annotations = {}, ownerReferences = [], finalizers = [] } = metadata;
  return {
    labels,
    annotations: Object.fromEntries(Object.entries(annotations).filter(([name]) => isTeams(name))),
    ownerReferences,
    finalizers,
  };
}

/** Where two values differ, each place with both sides; absent and undefined are the same. */
function differences(was: unknown, is: unknown, path = ""): string[] {
  if (isDeepStrictEqual(was, is)) return [];
  if (!isRecord(was) || !isRecord(is) || sizeOfArray(was) !== sizeOfArray(is)) {
    return [`${path} was ${JSON.stringify(was)} and is ${JSON.stringify(is)}`];
  }
  const keys = [...new Set([...Object.keys(was), ...Object.keys(is)])];
  return keys.flatMap((key) => differences(was[key], is[key], path === "" ? key : `${path}.${key}`));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function sizeOfArray(value: object): number | undefined {
  return Array.isArray(value) ? value.length : undefined;
}
