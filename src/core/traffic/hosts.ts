/**
 * Which Service a host in an Istio object means. Read from istio 1.31-dev, `ResolveShortnameToFQDN` (pilot/pkg/model/config.go) and
 * `GetDestinationCluster` (pilot/pkg/networking/core/route/route.go): istiod knows two spellings and no more.
 *
 *   nginx                                  no dot: the Service in the namespace of the object that holds it
 *   nginx.shop.svc.cluster.local           the full name
 *
 * Anything else with a dot counts as fully qualified and is looked up as it stands (tried: the cluster is then
 * `outbound|80||nginx.shop.svc`). `nginx.shop`, `nginx.shop.svc` and a trailing dot pass
 * Istio's validation, name no Service, and give a cluster that does not exist: 503. (They do work as the Host header of a request,
 * which is why people write them.) So they are no route to a Service, unless a ServiceEntry has that very name, and then it is somebody
 * else's. `meantService` finds what their writer must have meant, for messages.
 */

import type { Destination } from "./wire.ts";

export interface ServiceName {
  readonly name: string;
  readonly namespace: string;
}

/** Our hosts, and from where a name is read. */
export interface Ours {
  /** The namespace of the VirtualService: short hosts in it are resolved there. */
  readonly namespace: string;
  /** The Services whose pods are the two revisions. */
  readonly hosts: readonly ServiceName[];
  /** The cluster's domain, `cluster.local` when absent. */
  readonly clusterDomain?: string;
  /** Subset names of the team's DestinationRules: never taken for ours, and where a shortened name is looked up. */
  readonly teamSubsets?: readonly string[];
}

const defaultDomain = "cluster.local";

/** The Service that istiod routes this host to; undefined when it is none. Hosts are compared whole, upper and lower case count. */
export function resolveHost(host: string, namespace: string, clusterDomain = defaultDomain): ServiceName | undefined {
  if (host === "" || host.includes("*") || host.includes(":")) return undefined;
  if (!host.includes(".")) return { name: host, namespace };
  const suffix = `.svc.${clusterDomain}`;
  return host.endsWith(suffix) ? twoLabels(host.slice(0, -suffix.length)) : undefined;
}

/**
 * The Service that the writer of `nginx.shop`, `nginx.shop.svc` or `nginx.shop.svc.cluster.local.` must have meant and istiod does not find.
 * `nginx.example.com` is none; of `example.com` only the caller can tell, by whether a Service `example` in namespace `com` exists.
 */
export function meantService(host: string, namespace: string, clusterDomain = defaultDomain): ServiceName | undefined {
  if (host.includes("*") || resolveHost(host, namespace, clusterDomain) !== undefined) return undefined;
  const bare = host.endsWith(".") ? host.slice(0, -1) : host;
  if (!bare.includes(".")) return resolveHost(bare, namespace, clusterDomain);
  for (const suffix of [`.svc.${clusterDomain}`, ".svc"]) if (bare.endsWith(suffix)) return twoLabels(bare.slice(0, -suffix.length));
  return twoLabels(bare);
}

function twoLabels(text: string): ServiceName | undefined {
  const [name, namespace, ...more] = text.split(".");
  return name && namespace && more.length === 0 ? { name, namespace } : undefined;
}

/** `nginx.shop.svc.cluster.local`. */
export function fullHost(service: ServiceName, clusterDomain = defaultDomain): string {
  return `${service.name}.${service.namespace}.svc.${clusterDomain}`;
}

export function sameService(a: ServiceName, b: ServiceName): boolean {
  return a.name === b.name && a.namespace === b.namespace;
}

/** Does this destination lead to one of our Services? */
export function isOurs(destination: Destination | undefined, ours: Ours): boolean {
  if (typeof destination?.host !== "string") return false;
  const service = resolveHost(destination.host, ours.namespace, ours.clusterDomain);
  return service !== undefined && ours.hosts.some((host) => sameService(host, service));
}

/**
 * Does a host of a VirtualService or a DestinationRule, exact or with a leading `*`, cover this Service? Suffixes as in istio's
 * `host.Name.Matches` (pkg/config/host/name.go): `*.shop.svc.cluster.local` and `*` cover, `nginx.*` is no wildcard.
 */
export function hostCovers(
  host: string,
  namespace: string,
  service: ServiceName,
  clusterDomain = defaultDomain,
): "exact" | "wildcard" | undefined {
  if (host.startsWith("*")) return fullHost(service, clusterDomain).endsWith(host.slice(1)) ? "wildcard" : undefined;
  const named = resolveHost(host, namespace, clusterDomain);
  return named !== undefined && sameService(named, service) ? "exact" : undefined;
}
