/**
 * Routes of a VirtualService as the invariants read them. Written from Istio's documentation and not from the product's
 * code: a witness that shares its subject's code would share its mistakes.
 */
import type { RecordedEvent } from "./recordedEvent.ts";

export interface WireDestination {
  host?: string;
  subset?: string;
  port?: { number?: number };
}

export interface WireRouteEntry {
  destination?: WireDestination;
  weight?: unknown;
  [other: string]: unknown;
}

export interface WireRoute {
  name?: string;
  route?: WireRouteEntry[];
  mirror?: WireDestination;
  mirrors?: { destination?: WireDestination; [other: string]: unknown }[];
  [other: string]: unknown;
}

export interface VirtualServiceSpec {
  http?: WireRoute[];
  tls?: WireRoute[];
  tcp?: WireRoute[];
  [other: string]: unknown;
}

export const PROTOCOLS = ["http", "tls", "tcp"] as const;

export interface Route {
  /** `http[0]`, or `http[0] "primary"` where it has a name. */
  readonly title: string;
  readonly destinations: readonly Destination[];
}

export interface Destination {
  /** `nginx.shop.svc.cluster.local` */
  readonly host: string;
  /** Namespace of the host, if it is a Service. */
  readonly ns: string | undefined;
  readonly subset: string | undefined;
  /** As it stands, or what Istio takes an absent one for: 100 for an only destination, else 0. */
  readonly weight: unknown;
  /** For messages: `nginx.shop.svc.cluster.local/rev-abc`. */
  readonly title: string;
}

/** Every route with destinations of a recorded VirtualService. */
export function routesOf(event: RecordedEvent): Route[] {
  const spec = event.object.spec as VirtualServiceSpec | undefined;
  return PROTOCOLS.flatMap((protocol) =>
    (spec?.[protocol] ?? []).map((route, index) => ({
      title: `${protocol}[${index}]${route.name === undefined ? "" : ` "${route.name}"`}`,
      destinations: (route.route ?? []).map((entry) => destination(entry, event.ns, route.route?.length === 1)),
    })),
  );
}

function destination({ destination, weight }: WireRouteEntry, ns: string, only: boolean): Destination {
  const host = fullHost(destination?.host ?? "", ns);
  const subset = destination?.subset;
  return {
    host,
    ns: serviceNamespace(host),
    subset,
    weight: weight ?? (only ? 100 : 0),
    title: subset === undefined ? host : `${host}/${subset}`,
  };
}

/** The one spelling of a host: `nginx`, `nginx.shop`, `nginx.shop.svc` become `nginx.shop.svc.cluster.local`. */
export function fullHost(host: string, ns: string): string {
  const labels = host.split(".");
  if (host.includes("*") || host === "") return host;
  if (labels.length === 1) return `${host}.${ns}.svc.cluster.local`;
  if (labels.length === 2) return `${host}.svc.cluster.local`;
  return labels.length === 3 && labels[2] === "svc" ? `${host}.cluster.local` : host;
}

function serviceNamespace(host: string): string | undefined {
  return /^[^.]+\.([^.]+)\.svc\.cluster\.local$/.exec(host)?.[1];
}

/** The pod-template-hash in a subset's name, `rev-<hash>` or `rev-<hash>-<subset of the team>`. */
export function hashOf(subset: string | undefined): string | undefined {
  return /^rev-([a-z0-9]+)(?:-|$)/.exec(subset ?? "")?.[1];
}

export function sends(destination: Destination): boolean {
  return typeof destination.weight !== "number" || destination.weight > 0;
}

/** The hosts that were split at any time of the record, if the caller names none. */
export function splitHosts(events: readonly RecordedEvent[], named?: readonly string[]): Set<string> {
  if (named !== undefined) return new Set(named.map((host) => fullHost(host, "default")));
  const virtualServices = events.filter((event) => event.kind === "VirtualService");
  const destinations = virtualServices.flatMap(routesOf).flatMap((route) => route.destinations);
  return new Set(destinations.filter((d) => hashOf(d.subset) !== undefined).map((d) => d.host));
}
