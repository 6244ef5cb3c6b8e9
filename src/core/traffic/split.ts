/** The split of a VirtualService: each route destination to one of our Services becomes two, right where it stands. */

import { collapseVirtualService } from "./collapse.ts";
import type { Ours } from "./hosts.ts";
import { mapRoutes, type RouteRef } from "./routes.ts";
import { sameJson } from "./sameJson.ts";
import { type Split, splitRoute } from "./splitRoute.ts";
import { restoreVirtualService } from "./unsplit.ts";
import type { VirtualServiceSpec } from "./wire.ts";

export interface SplitOptions extends Ours, Split {
  /** The spec before our first split. With it a spec that is split already is brought back exactly before it is split anew. */
  readonly original?: VirtualServiceSpec;
}

/**
 * Splitting what is split already is splitting the original at the new weight. Nothing that we don't own changes (design I11): other hosts,
 * routes, headers, unknown fields, the order of keys and of destinations, and each third party's share. The input is never changed, and if
 * the result says the same as the input it *is* the input (design I12).
 *
 * @throws RangeError when the weight is not a whole number of 0..100.
 */
export function splitVirtualService(spec: VirtualServiceSpec, options: SplitOptions): { spec: VirtualServiceSpec; edited: RouteRef[] } {
  if (!Number.isInteger(options.weight) || options.weight < 0 || options.weight > 100) {
    throw new RangeError(`weight ${options.weight} is not a whole number from 0 to 100`);
  }
  const base =
    options.original === undefined ? collapseVirtualService(spec, options) : restoreVirtualService(spec, options.original, options);
  const edited: RouteRef[] = [];
  const split = mapRoutes(base, (route, ref) => {
    const changed = splitRoute(route, options, options);
    if (changed !== route) edited.push(ref);
    return changed;
  });
  return { spec: sameJson(split, spec) ? spec : split, edited };
}
