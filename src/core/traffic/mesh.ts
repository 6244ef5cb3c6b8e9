/** The VirtualService of ours for in-mesh callers that no VirtualService routes yet (design §6). It is then split like any other. */

import { labels } from "../../api/names.ts";
import { fullHost, hostCovers, resolveHost } from "./hosts.ts";
import { coversMesh, mesh, uncoveredPorts } from "./meshCover.ts";
import { ruleName } from "./revisionSubset.ts";
import { mapMirrors } from "./routes.ts";
import { managedByUs } from "./rules.ts";
import type { Destination, Route, ServiceFacts, VirtualServiceObject } from "./wire.ts";

export interface MeshWanted {
  /** Every VirtualService that sidecars may see; ours is left out here. */
  readonly virtualServices: readonly VirtualServiceObject[];
  readonly planName: string;
  readonly clusterDomain?: string;
}

/**
 * `<service>-serin` in the Service's namespace, bound to `mesh`, with one `http` route per HTTP port and one `tcp` route per TCP port that is not covered
 * (`uncoveredPorts`; an unnamed port gets both, because Istio detects its protocol). Each route does what Istio does without it. Undefined when nothing is
 * uncovered, and for a headless Service, where the caller picks the pod.
 *
 * For HTTP the most specific host wins (`computeWildcardHostVirtualServiceIndex`, pilot/pkg/model/sidecar.go), even one with `tcp` routes only; so where a wildcard host
 * routes the Service now, its `http` routes are copied, with every name written out, because ours stands in another namespace.
 */
export function meshVirtualServiceFor(service: ServiceFacts, wanted: MeshWanted): VirtualServiceObject | undefined {
  const others = wanted.virtualServices.filter((other) => other.metadata.labels?.[labels.managedBy] !== managedByUs);
  const ports = uncoveredPorts(service, others, wanted.clusterDomain);
  if (service.clusterIP === "None" || ports.http.length + ports.tcp.length === 0) return undefined;
  const host = fullHost(service, wanted.clusterDomain);
  const routeTo = (port: number): Route => ({ match: [{ port }], route: [{ destination: { host, port: { number: port } } }] });
  const http = [...hiddenRoutes(service, others, wanted.clusterDomain), ...ports.http.map(({ port }) => routeTo(port))];
  const tcp = ports.tcp.map(({ port }) => routeTo(port));
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: {
      name: ruleName(service.name),
      namespace: service.namespace,
      labels: { [labels.managedBy]: managedByUs, [labels.plan]: wanted.planName },
    },
    spec: { hosts: [host], gateways: [mesh], ...(http.length > 0 ? { http } : {}), ...(tcp.length > 0 ? { tcp } : {}) },
  };
}

/** The `http` routes of the wildcard VirtualService that ours would hide; none when the Service's exact host has one, which hides it already. */
function hiddenRoutes(service: ServiceFacts, others: readonly VirtualServiceObject[], clusterDomain?: string): Route[] {
  const covering = others.filter((other) => coversMesh(other, service, clusterDomain));
  const hostsOf = (other: VirtualServiceObject, how: "exact" | "wildcard"): string[] =>
    (other.spec.hosts ?? []).filter((host) => hostCovers(host, other.metadata.namespace, service, clusterDomain) === how);
  if (covering.some((other) => hostsOf(other, "exact").length > 0)) return [];
  const longest = (other: VirtualServiceObject): number => Math.max(...hostsOf(other, "wildcard").map((host) => host.length));
  const [hidden] = [...covering].sort((a, b) => longest(b) - longest(a));
  return (hidden?.spec.http ?? []).map((route) => writtenOut(route, hidden?.metadata.namespace ?? "", clusterDomain));
}

/** The route as it reads from any namespace: short hosts, gateways and delegates get their namespace. */
function writtenOut(route: Route, namespace: string, clusterDomain?: string): Route {
  const withHost = (destination: Destination): Destination => {
    const service = resolveHost(destination.host, namespace, clusterDomain);
    return service === undefined ? destination : { ...destination, host: fullHost(service, clusterDomain) };
  };
  const { match, route: list, delegate } = route;
  return mapMirrors(
    {
      ...route,
      ...(match === undefined
        ? {}
        : { match: match.map((one) => (one.gateways === undefined ? one : { ...one, gateways: gatewaysIn(one.gateways, namespace) })) }),
      ...(list === undefined ? {} : { route: list.map((entry) => ({ ...entry, destination: withHost(entry.destination) })) }),
      ...(delegate === undefined ? {} : { delegate: { ...delegate, namespace: delegate.namespace ?? namespace } }),
    },
    withHost,
  );
}

/** `name` and `./name` are gateways of the same namespace, `namespace/name` of any, `name.namespace…` in the old form (`resolveGatewayName`, pilot/pkg/model/config.go). */
export function gatewaysIn(gateways: readonly string[], namespace: string): string[] {
  return gateways.map((gateway) => {
    if (gateway === mesh) return mesh;
    if (gateway.includes("/")) return gateway.startsWith("./") ? `${namespace}${gateway.slice(1)}` : gateway;
    const [name, inNamespace = namespace] = gateway.split(".");
    return `${inNamespace}/${name}`;
  });
}
