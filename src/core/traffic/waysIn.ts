/** By which ways requests reach a Service, and for each whether the weight decides or the number of pods. The plan says it to the user. */

import { isOurs, meantService, type Ours, sameService } from "./hosts.ts";
import { gatewaysIn } from "./mesh.ts";
import { appliesToMesh, coversMesh, isDelegate, mesh, uncoveredPorts } from "./meshCover.ts";
import { portProtocol } from "./portProtocol.ts";
import { carriesRequests, destinationsOf, protocols, routesTo } from "./routes.ts";
import type { ServiceFacts, VirtualServiceObject } from "./wire.ts";

export type Way = "gateway" | "mesh" | "headless" | "tls" | "waypoint" | "ingress" | "httpRoute" | "kubeProxy" | "unknownHost";

export interface WayIn {
  readonly way: Way;
  /** `split`: by the weight. `podCount`: each ready pod gets the same, whatever the weight says. */
  readonly by: "split" | "podCount";
  /** `namespace/name` of the object that routes. */
  readonly object?: string;
  readonly message: string;
}

/** What else leads to the Service, as far as the worker has looked. */
export interface OtherWays {
  /** `namespace/name` of Ingresses and of Gateway API routes with this Service as a backend. */
  readonly ingresses?: readonly string[];
  readonly httpRoutes?: readonly string[];
  /** The waypoint that stands before the Service in ambient mode. */
  readonly waypoint?: string;
  readonly clusterDomain?: string;
}

/** In this order: gateways, the mesh, then what goes by the pods' count. Without Istio, pass no VirtualServices. */
export function classifyWaysIn(service: ServiceFacts, virtualServices: readonly VirtualServiceObject[], other: OtherWays = {}): WayIn[] {
  const called = `${service.namespace}/${service.name}`;
  const gateways = virtualServices.flatMap((object) => gatewayWays(service, object, virtualServices, other));
  const misspelt = virtualServices.flatMap((object) => unknownHosts(service, object, other));
  if (service.clusterIP === "None") {
    const message = `${called} is headless: callers pick a pod themselves`;
    return [...gateways, { way: "headless", by: "podCount", message }, ...misspelt, ...listed(service, other)];
  }
  const plain: WayIn = { way: "kubeProxy", by: "podCount", message: `callers without a sidecar reach ${called} through kube-proxy` };
  return [
    ...gateways,
    ...meshWays(service, virtualServices, other),
    ...tlsWays(service, virtualServices, other),
    ...listed(service, other),
    ...misspelt,
    plain,
  ];
}

function oursIn(service: ServiceFacts, object: VirtualServiceObject, clusterDomain: string | undefined): Ours {
  return { namespace: object.metadata.namespace, hosts: [service], ...(clusterDomain === undefined ? {} : { clusterDomain }) };
}

/** A delegate is reached through the gateways of whoever delegates to it. */
function gatewayWays(service: ServiceFacts, object: VirtualServiceObject, all: readonly VirtualServiceObject[], other: OtherWays): WayIn[] {
  const routes = routesTo(object.spec, oursIn(service, object, other.clusterDomain));
  if (routes.length === 0) return [];
  const roots = isDelegate(object) ? all.filter((root) => delegatesTo(root, object)) : [object];
  const names = new Set(roots.flatMap((root) => gatewaysIn(root.spec.gateways ?? [], root.metadata.namespace)));
  names.delete(mesh);
  const { namespace, name } = object.metadata;
  const where = `VirtualService ${namespace}/${name}, ${routes.map((route) => route.path).join(", ")}`;
  return [...names].map((gateway) => ({
    way: "gateway",
    by: "split",
    object: `${namespace}/${name}`,
    message: `gateway ${gateway}: ${where}`,
  }));
}

function delegatesTo(root: VirtualServiceObject, delegate: VirtualServiceObject): boolean {
  const { name, namespace } = delegate.metadata;
  return (root.spec.http ?? []).some(
    (route) => route.delegate?.name === name && (route.delegate.namespace ?? root.metadata.namespace) === namespace,
  );
}

function meshWays(service: ServiceFacts, all: readonly VirtualServiceObject[], { clusterDomain }: OtherWays): WayIn[] {
  const split = all
    .filter((object) => appliesToMesh(object) && routesTo(object.spec, oursIn(service, object, clusterDomain)).length > 0)
    .map((object): WayIn => {
      const name = `${object.metadata.namespace}/${object.metadata.name}`;
      const narrow = coversMesh(object, service, clusterDomain) ? "" : " (for the hosts and namespaces it is for)";
      return { way: "mesh", by: "split", object: name, message: `callers in the mesh: VirtualService ${name}${narrow}` };
    });
  const { http, tcp } = uncoveredPorts(service, all, clusterDomain);
  const ports = [...new Set([...http, ...tcp].map((port) => port.port))];
  if (ports.length === 0) return split;
  const message = `callers in the mesh of ${service.namespace}/${service.name}, port ${ports.join(", ")}: no VirtualService routes them`;
  return [...split, { way: "mesh", by: "podCount", message }];
}

/** TLS ports go by SNI; only a `tls` route that the team has itself can split them. */
function tlsWays(service: ServiceFacts, all: readonly VirtualServiceObject[], { clusterDomain }: OtherWays): WayIn[] {
  const routed = all.some((object) =>
    routesTo(object.spec, oursIn(service, object, clusterDomain)).some((route) => route.protocol === "tls"),
  );
  const ports = service.ports.filter((port) => portProtocol(port) === "tls").map((port) => port.port);
  if (routed || ports.length === 0) return [];
  const message = `port ${ports.join(", ")} of ${service.namespace}/${service.name} is TLS, and no tls route names its SNI hosts`;
  return [{ way: "tls", by: "podCount", message }];
}

function listed(service: ServiceFacts, other: OtherWays): WayIn[] {
  const called = `${service.namespace}/${service.name}`;
  const ways: WayIn[] = [];
  for (const object of other.ingresses ?? [])
    ways.push({ way: "ingress", by: "podCount", object, message: `Ingress ${object} sends to the pods of ${called}` });
  for (const object of other.httpRoutes ?? [])
    ways.push({ way: "httpRoute", by: "podCount", object, message: `HTTPRoute ${object} sends to the pods of ${called}` });
  if (other.waypoint !== undefined)
    ways.push({ way: "waypoint", by: "podCount", object: other.waypoint, message: `waypoint ${other.waypoint} stands before ${called}` });
  return ways;
}

/** Spellings that Istio does not resolve: worth a word, because the route they stand in leads nowhere. */
function unknownHosts(service: ServiceFacts, object: VirtualServiceObject, { clusterDomain }: OtherWays): WayIn[] {
  const { namespace, name } = object.metadata;
  const routes = protocols.flatMap((protocol) => object.spec[protocol] ?? []).filter(carriesRequests);
  const hosts = routes.flatMap(destinationsOf).filter((destination) => !isOurs(destination, oursIn(service, object, clusterDomain)));
  const meant = hosts
    .map((destination) => destination.host)
    .filter((host) => {
      const found = meantService(host, namespace, clusterDomain);
      return found !== undefined && sameService(found, service);
    });
  return [...new Set(meant)].map((host) => ({
    way: "unknownHost",
    by: "podCount",
    object: `${namespace}/${name}`,
    message: `VirtualService ${namespace}/${name} sends to "${host}", a name that Istio does not resolve: write ${service.name}.${service.namespace}.svc.${clusterDomain ?? "cluster.local"}`,
  }));
}
