/** One route, split between the two revisions. What happens to a whole VirtualService is in `split.ts`. */

import { isOurs, type Ours } from "./hosts.ts";
import { toRevision } from "./revisionSubset.ts";
import { carriesRequests, mapMirrors, shareOf } from "./routes.ts";
import { canaryPart, factorFor } from "./shares.ts";
import type { Route, RouteDestination } from "./wire.ts";

/** The two revisions, by pod-template-hash. */
export interface Revisions {
  readonly stable: string;
  readonly canary: string;
}

export interface Split extends Revisions {
  /** The canary's percentage of what our Services get, whole, 0..100. */
  readonly weight: number;
}

/** The route with our destinations split and our mirrors pinned to stable; the same reference when it has none. */
export function splitRoute(route: Route, ours: Ours, split: Split): Route {
  if (!carriesRequests(route)) return route;
  const list = route.route === undefined ? undefined : splitDestinations(route.route, ours, split);
  const withList = list === route.route || list === undefined ? route : { ...route, route: list };
  return mapMirrors(withList, (mirror) => (isOurs(mirror, ours) ? toRevision(mirror, split.stable) : mirror));
}

/**
 * `[ours 70, other 30]` at 30 % → `[stable 49, canary 21, other 30]`. Where whole numbers need it, all weights are multiplied by the smallest
 * common factor: at 33 % → `[469, 231, 300]`. The pair stays at 0 and at 100, so a weight only ever changes numbers, never the list.
 */
export function splitDestinations(list: readonly RouteDestination[], ours: Ours, split: Split): readonly RouteDestination[] {
  if (!list.some((entry) => isOurs(entry.destination, ours))) return list;
  const factor = listFactor(list, ours, split.weight);
  return list.flatMap((entry) => {
    const weight = shareOf(list, entry) * factor;
    if (!isOurs(entry.destination, ours)) return factor === 1 || entry.weight === undefined ? [entry] : [{ ...entry, weight }];
    // Gets nothing, and Istio leaves it out: one destination is enough, and on no account one with canary pods.
    if (weight === 0) return [{ ...entry, destination: toRevision(entry.destination, split.stable) }];
    const canary = canaryPart(weight, split.weight);
    return [
      { ...entry, destination: toRevision(entry.destination, split.stable), weight: weight - canary },
      { ...entry, destination: toRevision(entry.destination, split.canary), weight: canary },
    ];
  });
}

/** By what `splitDestinations` multiplies the weights of an unsplit list at this percentage. */
export function listFactor(list: readonly RouteDestination[], ours: Ours, percent: number): number {
  const weights = list.filter((entry) => isOurs(entry.destination, ours)).map((entry) => shareOf(list, entry));
  const total = list.reduce((sum, entry) => sum + shareOf(list, entry), 0);
  return factorFor(
    weights.filter((weight) => weight > 0),
    total,
    percent,
  );
}
