/** What weight stands in a VirtualService right now. */

import { mergePairs, revisionOf } from "./collapse.ts";
import { isOurs, type Ours } from "./hosts.ts";
import { allRoutes, carriesRequests, type RouteRef, shareOf } from "./routes.ts";
import type { Revisions, Split } from "./splitRoute.ts";
import type { Route, VirtualServiceSpec } from "./wire.ts";

export interface RouteWeight extends RouteRef {
  /** The canary's percentage of what our Services get in this route, exact: 0..100, not always whole. */
  readonly canary: number;
}

export interface Weights {
  /** The largest of `perRoute`: whoever asks "is it 0 yet?" must not hear 0 while one route still sends. */
  readonly canary: number;
  /** The smallest of `perRoute`: equal to `canary` unless somebody edited one route. */
  readonly least: number;
  readonly perRoute: readonly RouteWeight[];
  /** Routes that send to our Services without naming a revision: there the pods share by their count. */
  readonly unsplit: readonly RouteRef[];
  readonly revisions: Revisions;
}

/** The weights in force, undefined when no route to our Services is split (a pinned mirror alone is no split). */
export function weightsOf(spec: VirtualServiceSpec, ours: Ours): Weights | undefined {
  const routes = allRoutes(spec).filter(({ route }) => carriesRequests(route));
  const revisions = revisionsIn(spec, ours);
  if (revisions === undefined) return undefined;
  const perRoute = routes
    .map(({ ref, route }) => ({ ref, canary: canaryShare(route, ours, revisions.canary) }))
    .flatMap(({ ref, canary }) => (canary === undefined ? [] : [{ ...ref, canary }]));
  const unsplit = routes.filter(({ route }) => sendsUnsplit(route, ours)).map(({ ref }) => ref);
  const shares = perRoute.map((route) => route.canary);
  return { canary: Math.max(...shares), least: Math.min(...shares), perRoute, unsplit, revisions };
}

/** Between which two revisions our Services are split, read from the first pair: stable always stands first. */
export function revisionsIn(spec: VirtualServiceSpec, ours: Ours): Revisions | undefined {
  for (const { route } of allRoutes(spec)) {
    const first = mergePairs(route.route ?? [], ours).first;
    if (first !== undefined) return { stable: first.stable, canary: first.canary };
  }
  return undefined;
}

/**
 * The split to keep: of routes that differ, the smallest weight, so nothing that is re-applied makes the canary's share rise.
 * A share that isn't whole is rounded, a small one to 1.
 */
export function splitInForce(spec: VirtualServiceSpec, ours: Ours): Split | undefined {
  const weights = weightsOf(spec, ours);
  if (weights === undefined) return undefined;
  const weight = weights.least > 0 ? Math.max(1, Math.round(weights.least)) : 0;
  return { ...weights.revisions, weight };
}

/** The canary's percentage of our destinations in one route; undefined when none of them names a revision or none gets anything. */
function canaryShare(route: Route, ours: Ours, canary: string): number | undefined {
  const list = (route.route ?? []).filter((entry) => isOurs(entry.destination, ours));
  if (!list.some((entry) => revisionOf(entry.destination, ours))) return undefined;
  const total = list.reduce((sum, entry) => sum + shareOf(route.route ?? [], entry), 0);
  const toCanary = list
    .filter((entry) => revisionOf(entry.destination, ours)?.hash === canary)
    .reduce((sum, entry) => sum + shareOf(route.route ?? [], entry), 0);
  return total === 0 ? undefined : (100 * toCanary) / total;
}

function sendsUnsplit(route: Route, ours: Ours): boolean {
  const list = route.route ?? [];
  return list.some(
    (entry) => isOurs(entry.destination, ours) && revisionOf(entry.destination, ours) === undefined && shareOf(list, entry) > 0,
  );
}
