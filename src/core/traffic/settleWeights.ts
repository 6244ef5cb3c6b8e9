/** The weights of a list whose pairs were merged, brought back to the form in which the team had them. Shares never change here. */

import type { Ours } from "./hosts.ts";
import { readSubset } from "./revisionSubset.ts";
import { shareOf } from "./routes.ts";
import { sameJson } from "./sameJson.ts";
import { factorFor } from "./shares.ts";
import { listFactor } from "./splitRoute.ts";
import type { RouteDestination } from "./wire.ts";

/** The team's list before the split, and which of its destinations were split. */
export interface OriginalList {
  readonly list: readonly RouteDestination[];
  readonly ours: Ours;
}

interface Known {
  /** Indexes of the destinations that were a pair. */
  readonly pairs: readonly number[];
  /** The canary's percentage that was split off, undefined when no pair was found. */
  readonly percent: number | undefined;
  readonly original: OriginalList | undefined;
}

/**
 * 1. The same destinations in the same shares as the original: its very weights, also an absent one.
 * 2. Else the factor that the split had put in is divided out, if every weight allows it. With the original the factor is known; without,
 *    it is taken to be the one that brings the sum back to 100, if splitting again would put exactly it in.
 * 3. A destination that stands alone loses its weight where the original had none, or where it is 100 and there is no original.
 */
export function settleWeights(list: readonly RouteDestination[], known: Known): readonly RouteDestination[] {
  const original = known.original?.list;
  if (original !== undefined && sameShares(list, original)) return list.map((entry, i) => reweighted(entry, original[i]?.weight));
  const factor = factorIn(list, known);
  const divided =
    factor === 1 ? list : list.map((entry) => (entry.weight === undefined ? entry : reweighted(entry, entry.weight / factor)));
  const [only, ...others] = divided;
  if (only === undefined || others.length > 0) return divided;
  const drop = original === undefined ? only.weight === 100 : original.length === 1 && original[0]?.weight === undefined;
  return drop ? [reweighted(only, undefined)] : divided;
}

function sameShares(list: readonly RouteDestination[], original: readonly RouteDestination[]): boolean {
  if (list.length !== original.length) return false;
  const total = sumOf(list);
  const originalTotal = sumOf(original);
  return list.every((entry, i) => {
    const before = original[i];
    if (before === undefined || !sameJson(entry.destination, before.destination)) return false;
    return list.length === 1 || shareOf(list, entry) * originalTotal === shareOf(original, before) * total;
  });
}

function factorIn(list: readonly RouteDestination[], { pairs, percent, original }: Known): number {
  if (percent === undefined || !Number.isInteger(percent)) return 1;
  const total = sumOf(list);
  // An original that carries another plan's split says nothing about the team's own numbers.
  const trusted = original?.list.every((entry) => readSubset(entry.destination.subset, original.ours.teamSubsets) === undefined);
  const factor = original !== undefined && trusted ? listFactor(original.list, original.ours, percent) : total / 100;
  if (!Number.isInteger(factor) || factor <= 1 || list.some((entry) => (entry.weight ?? 0) % factor !== 0)) return 1;
  if (trusted) return factor;
  const split = pairs.map((i) => (list[i]?.weight ?? 0) / factor).filter((weight) => weight > 0);
  return factorFor(split, total / factor, percent) === factor ? factor : 1;
}

function sumOf(list: readonly RouteDestination[]): number {
  return list.reduce((sum, entry) => sum + shareOf(list, entry), 0);
}

function reweighted(entry: RouteDestination, weight: number | undefined): RouteDestination {
  if (weight !== undefined) return { ...entry, weight };
  const { weight: _, ...rest } = entry;
  return rest as RouteDestination;
}
