/**
 * The way back with the original: a semantic un-edit. Our split goes, what the team changed meanwhile stays (design §6).
 *
 *   original   http: [a → nginx 100]            [b → nginx 70, other 30]
 *   split      http: [a → stable 70, canary 30] [b → stable 49, canary 21, other 30]
 *   the team   http: [a → stable 70, canary 30] [b → stable 49, canary 21, other 30, timeout: 5s]   [c → new]
 *   restored   http: [a → nginx 100]            [b → nginx 70, other 30, timeout: 5s]               [c → new]
 */

import { collapseRoute, collapseVirtualService, mergePairs, revisionOf } from "./collapse.ts";
import { isOurs, type Ours } from "./hosts.ts";
import { allRoutes, carriesRequests, destinationsOf, protocols } from "./routes.ts";
import { sameJson } from "./sameJson.ts";
import { type Split, splitRoute } from "./splitRoute.ts";
import type { Route, VirtualServiceSpec } from "./wire.ts";

/**
 * `current` without our subsets. If it is the split of `original` at any weight: `original` itself. Else route by route: a route that is
 * still the split of an original one is that one, byte for byte; a route that the team changed keeps the change, and our pairs in it are
 * collapsed. No subset of ours in `current`: the same reference.
 */
export function restoreVirtualService(current: VirtualServiceSpec, original: VirtualServiceSpec, ours: Ours): VirtualServiceSpec {
  if (!hasSplit(current, ours)) return current;
  const known: Ours = { ...ours, teamSubsets: [...(ours.teamSubsets ?? []), ...teamSubsetsIn(original, ours)] };
  const before = collapseVirtualService(original, known);
  let restored = current;
  for (const protocol of protocols) {
    const routes = current[protocol];
    if (routes !== undefined) restored = { ...restored, [protocol]: restoreRoutes(routes, before[protocol] ?? [], known) };
  }
  return sameJson(restored, before) ? before : restored;
}

/** Is anything in it limited to a revision? Without `ours`: to a revision of anybody's. */
export function hasSplit(spec: VirtualServiceSpec, ours?: Ours): boolean {
  return allRoutes(spec).some(
    ({ route }) => carriesRequests(route) && destinationsOf(route).some((destination) => revisionOf(destination, ours) !== undefined),
  );
}

/** Subsets in the original that only look like ours: a team may well call one `rev-blue`. Ours are known by their pairs. */
function teamSubsetsIn(original: VirtualServiceSpec, ours: Ours): string[] {
  if (hasPair(original, ours)) return [];
  const destinations = allRoutes(original).flatMap(({ route }) => destinationsOf(route).filter((destination) => isOurs(destination, ours)));
  return destinations.flatMap((destination) => destination.subset ?? []);
}

function hasPair(spec: VirtualServiceSpec, ours: Ours): boolean {
  return allRoutes(spec).some(({ route }) => mergePairs(route.route ?? [], ours).first !== undefined);
}

function restoreRoutes(current: readonly Route[], original: readonly Route[], ours: Ours): readonly Route[] {
  const used = new Set<number>();
  const take = (at: number): number => {
    if (at >= 0) used.add(at);
    return at;
  };
  const free = (is: (candidate: Route, at: number) => boolean): number =>
    take(original.findIndex((candidate, at) => !used.has(at) && is(candidate, at)));
  const sameLength = current.length === original.length;
  const whole = current.map((route, i) => {
    const split = splitOf(route, ours);
    const isSplit = (candidate: Route): boolean => sameJson(splitRoute(candidate, ours, split), route);
    const inPlace = original[i];
    if (sameLength && inPlace !== undefined && !used.has(i) && isSplit(inPlace)) return take(i);
    return free(isSplit);
  });
  return current.map((route, i) => {
    const exact = original[whole[i] ?? -1];
    if (exact !== undefined) return exact;
    const list = original[free((candidate, at) => sameRoute(candidate, at, route, i))]?.route;
    return collapseRoute(route, ours, list === undefined ? undefined : { list, ours });
  });
}

/** How a route is split. Where only mirrors are pinned, and no pair tells, any weight will do. */
function splitOf(route: Route, ours: Ours): Split {
  const first = mergePairs(route.route ?? [], ours).first;
  if (first !== undefined) return { stable: first.stable, canary: first.canary, weight: Math.round(first.percent) };
  const pinned = destinationsOf(route).map((destination) => revisionOf(destination, ours)?.hash);
  return { stable: pinned.find((hash) => hash !== undefined) ?? "", canary: "", weight: 0 };
}

/** Is this the route that the team has changed? By its name, else by what it matches, else by its place. */
function sameRoute(original: Route, originalIndex: number, route: Route, index: number): boolean {
  if (original.name !== undefined || route.name !== undefined) return original.name === route.name;
  return sameJson(original.match, route.match) || originalIndex === index;
}
