/** Walking the routes of a VirtualService: what may be split, and where our Services are. */

import { isOurs, type Ours } from "./hosts.ts";
import type { Destination, Route, RouteDestination, VirtualServiceSpec } from "./wire.ts";

export const protocols = ["http", "tls", "tcp"] as const;
export type Protocol = (typeof protocols)[number];

/** Where a route stands. */
export interface RouteRef {
  readonly protocol: Protocol;
  /** From 0, in the list of that protocol. */
  readonly index: number;
  /** `http[0]`, or `http[0] (checkout)` for a route with a name: how messages call it. */
  readonly path: string;
}

export function refOf(protocol: Protocol, index: number, route: Route): RouteRef {
  return { protocol, index, path: route.name === undefined ? `${protocol}[${index}]` : `${protocol}[${index}] (${route.name})` };
}

/** A redirect, a direct response and a delegation send nothing to a destination; the delegate is a VirtualService of its own. */
export function carriesRequests(route: Route): boolean {
  return route.redirect === undefined && route.directResponse === undefined && route.delegate === undefined;
}

/** Every destination and mirror of a route. */
export function destinationsOf(route: Route): Destination[] {
  const all = [...(route.route ?? []), ...(route.mirrors ?? [])].map((entry) => entry.destination);
  return route.mirror === undefined ? all : [...all, route.mirror];
}

/** The routes, of all three protocols, with a destination or a mirror to one of our Services. */
export function routesTo(spec: VirtualServiceSpec, ours: Ours): RouteRef[] {
  return allRoutes(spec)
    .filter(({ route }) => carriesRequests(route) && destinationsOf(route).some((destination) => isOurs(destination, ours)))
    .map(({ ref }) => ref);
}

export function allRoutes(spec: VirtualServiceSpec): Array<{ ref: RouteRef; route: Route }> {
  return protocols.flatMap((protocol) => (spec[protocol] ?? []).map((route, index) => ({ ref: refOf(protocol, index, route), route })));
}

/** The spec with each route passed through `change`. A list, and the spec, in which nothing changed are the same references as before. */
export function mapRoutes(spec: VirtualServiceSpec, change: (route: Route, ref: RouteRef) => Route): VirtualServiceSpec {
  let result = spec;
  for (const protocol of protocols) {
    const routes = spec[protocol];
    if (routes === undefined) continue;
    const changed = routes.map((route, index) => change(route, refOf(protocol, index, route)));
    if (changed.some((route, index) => route !== routes[index])) result = { ...result, [protocol]: changed };
  }
  return result;
}

/** The route with every mirror of ours passed through `change`; percentages and all else stay. */
export function mapMirrors(route: Route, change: (destination: Destination) => Destination): Route {
  let result = route;
  if (route.mirror !== undefined) {
    const mirror = change(route.mirror);
    if (mirror !== route.mirror) result = { ...result, mirror };
  }
  if (route.mirrors !== undefined) {
    const mirrors = route.mirrors.map((entry) => {
      const destination = change(entry.destination);
      return destination === entry.destination ? entry : { ...entry, destination };
    });
    if (mirrors.some((entry, index) => entry !== route.mirrors?.[index])) result = { ...result, mirrors };
  }
  return result;
}

/**
 * What a destination gets of its route. Istio: alone it gets everything, whatever its weight says (`len(in.Route) == 1` in istio's
 * route.go); beside others an absent weight is 0, and destinations with 0 are left out.
 */
export function shareOf(list: readonly RouteDestination[], entry: RouteDestination): number {
  return list.length === 1 ? entry.weight || 100 : (entry.weight ?? 0);
}
