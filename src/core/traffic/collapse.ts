/** The way back without the original: our pairs become one destination again. `unsplit.ts` is the exact way, with the original. */

import { isOurs, type Ours } from "./hosts.ts";
import { fromRevision, type RevisionSubset, readSubset } from "./revisionSubset.ts";
import { carriesRequests, mapMirrors, mapRoutes } from "./routes.ts";
import { sameJson } from "./sameJson.ts";
import { type OriginalList, settleWeights } from "./settleWeights.ts";
import type { Destination, Route, RouteDestination, VirtualServiceSpec } from "./wire.ts";

/** A destination on its way back. `open`: within one revision, its other half not found yet. */
interface Half {
  entry: RouteDestination;
  readonly subset?: RevisionSubset;
  open: boolean;
}

/** What the pairs of a list say. */
export interface Pair {
  readonly stable: string;
  readonly canary: string;
  /** The canary's percentage of the two, 0..100, exact, so not always whole. */
  readonly percent: number;
}

interface Merged {
  readonly list: RouteDestination[];
  /** Indexes in `list` of what was a pair. */
  readonly pairs: number[];
  readonly first: Pair | undefined;
}

/** Which revision of our Services a destination is limited to. Without `ours` every `rev-…` subset counts. */
export function revisionOf(destination: Destination | undefined, ours: Ours | undefined): RevisionSubset | undefined {
  if (destination === undefined || (ours !== undefined && !isOurs(destination, ours))) return undefined;
  return readSubset(destination.subset, ours?.teamSubsets);
}

/**
 * The spec without our subsets: a pair is one destination again, with the team's subset if it had one; a factor is divided out; a
 * destination that stands alone loses the weight 100; mirrors lose the pin. What cannot be known without the original: whether such
 * a weight was written out. Without `ours` every `rev-…` subset goes, with it only those of our Services: another plan may have split the
 * same VirtualService for another Deployment. No such subset: the same reference.
 */
export function collapseVirtualService(spec: VirtualServiceSpec, ours?: Ours): VirtualServiceSpec {
  return mapRoutes(spec, (route) => collapseRoute(route, ours));
}

/** One route; `original` is the list as the team had it, if that is known, and gives weights their first form back. */
export function collapseRoute(route: Route, ours: Ours | undefined, original?: OriginalList): Route {
  if (!carriesRequests(route)) return route;
  const unpinned = mapMirrors(route, (mirror) => unlimited(mirror, ours));
  if (!route.route?.some((entry) => revisionOf(entry.destination, ours))) return unpinned;
  const { list, pairs, first } = mergePairs(route.route, ours);
  return { ...unpinned, route: settleWeights(list, { pairs, percent: first?.percent, original }) };
}

function unlimited(destination: Destination, ours: Ours | undefined): Destination {
  const subset = revisionOf(destination, ours);
  return subset === undefined ? destination : fromRevision(destination, subset);
}

/**
 * The list with each stable half and its canary half made one, in the place of the first. The two stand next to each other unless
 * somebody moved them; a half without its like, because somebody removed or changed the other, stays as a destination of its own.
 */
export function mergePairs(list: readonly RouteDestination[], ours: Ours | undefined): Merged {
  const halves: Half[] = [];
  let first: Pair | undefined;
  for (const entry of list) {
    const subset = revisionOf(entry.destination, ours);
    if (subset === undefined) {
      halves.push({ entry, open: false });
      continue;
    }
    const whole: RouteDestination = { ...entry, destination: fromRevision(entry.destination, subset) };
    const stable = halves.findLast((half) => half.open && half.subset?.hash !== subset.hash && sameButForWeight(half.entry, whole));
    if (stable?.subset === undefined) {
      halves.push({ entry: whole, subset, open: true });
      continue;
    }
    first ??= pairOf(stable.entry.weight ?? 0, entry.weight ?? 0, stable.subset.hash, subset.hash);
    stable.entry = { ...stable.entry, weight: (stable.entry.weight ?? 0) + (entry.weight ?? 0) };
    stable.open = false;
  }
  const pairs = halves.flatMap((half, i) => (half.subset !== undefined && !half.open ? [i] : []));
  return { list: halves.map((half) => half.entry), pairs, first };
}

function pairOf(stableWeight: number, canaryWeight: number, stable: string, canary: string): Pair {
  const total = stableWeight + canaryWeight;
  return { stable, canary, percent: total === 0 ? 0 : (100 * canaryWeight) / total };
}

function sameButForWeight(a: RouteDestination, b: RouteDestination): boolean {
  return sameJson({ ...a, weight: 0 }, { ...b, weight: 0 });
}
