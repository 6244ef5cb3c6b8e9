/** What in-mesh callers of a Service are routed by. Without a route, the canary's pods would answer them as plain endpoints. */

import { hostCovers, type ServiceName } from "./hosts.ts";
import { portProtocol } from "./portProtocol.ts";
import type { Route, ServiceFacts, ServicePort, VirtualServiceObject } from "./wire.ts";

/** Istio's word for all sidecars. */
export const mesh = "mesh";

/** A VirtualService without hosts is a delegate: it is reached through another one, never by itself. */
export function isDelegate(virtualService: VirtualServiceObject): boolean {
  return (virtualService.spec.hosts ?? []).length === 0;
}

/** `gateways` absent means the mesh alone (`ValidateVirtualService` in istio: no gateways, `appliesToMesh`). */
export function appliesToMesh(virtualService: VirtualServiceObject): boolean {
  const gateways = virtualService.spec.gateways ?? [];
  return !isDelegate(virtualService) && (gateways.length === 0 || gateways.includes(mesh));
}

/**
 * Does it route what sidecars of every namespace send to this Service, by the Service's own host or by a wildcard? Not if its `exportTo` keeps it from some:
 * callers elsewhere then still need a route, and where both are seen the older one wins. What protocols it covers: `uncoveredPorts`.
 */
export function coversMesh(virtualService: VirtualServiceObject, host: ServiceName, clusterDomain?: string): boolean {
  const { exportTo = [], hosts = [] } = virtualService.spec;
  if (!appliesToMesh(virtualService) || (exportTo.length > 0 && !exportTo.includes("*"))) return false;
  return hosts.some((name) => hostCovers(name, virtualService.metadata.namespace, host, clusterDomain) !== undefined);
}

/** Ports of a Service for which in-mesh callers have no route, by the kind of route they need. */
export interface UncoveredPorts {
  readonly http: readonly ServicePort[];
  readonly tcp: readonly ServicePort[];
}

/**
 * - An `http` route anywhere in a covering VirtualService covers all HTTP ports: what it doesn't match gets a 404, not a pod.
 * - A `tcp` route covers the ports it matches, all of them without a match on a port.
 * - A port whose protocol is detected needs both: istiod builds an HTTP and a TCP filter chain for it (`ListenerProtocolAuto` in istio's
 *   pilot/pkg/networking/core/listener.go), the one reads `http` routes, the other `tcp` routes.
 * - TLS ports are never here: a `tls` route must list the SNI hosts, all within the VirtualService's hosts (`validateSniHost`), and as soon as
 *   one matches, a caller with any other SNI finds no filter chain at all. So they stay with the pods' count.
 */
export function uncoveredPorts(
  service: ServiceFacts,
  virtualServices: readonly VirtualServiceObject[],
  clusterDomain?: string,
): UncoveredPorts {
  const covering = virtualServices.filter((virtualService) => coversMesh(virtualService, service, clusterDomain));
  const httpCovered = covering.some((virtualService) => (virtualService.spec.http ?? []).some(forMesh));
  const tcp = covering.flatMap((virtualService) => virtualService.spec.tcp ?? []);
  return {
    http: httpCovered ? [] : service.ports.filter((port) => ["http", "detected"].includes(portProtocol(port))),
    tcp: service.ports.filter(
      (port) => ["tcp", "detected"].includes(portProtocol(port)) && !tcp.some((route) => coversPort(route, port.port)),
    ),
  };
}

/** A match may narrow a route to a gateway. */
function forMesh(route: Route): boolean {
  return (
    route.match === undefined ||
    route.match.length === 0 ||
    route.match.some((match) => !match.gateways?.length || match.gateways.includes(mesh))
  );
}

function coversPort(route: Route, port: number): boolean {
  if (route.match === undefined || route.match.length === 0) return true;
  return route.match.some(
    (match) => (match.port === undefined || match.port === port) && (!match.gateways?.length || match.gateways.includes(mesh)),
  );
}
