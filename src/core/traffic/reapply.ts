/** The team applies its manifest while a plan lives: its change goes in, the split stays, in the very same write (design §5). */

import type { Ours } from "./hosts.ts";
import { sameJson } from "./sameJson.ts";
import { splitVirtualService } from "./split.ts";
import { splitInForce } from "./weights.ts";
import type { VirtualServiceSpec } from "./wire.ts";

/**
 * What to store when the team writes `next` over `old`: `next`, split at the weight that is in force in `old`. Everything needed is read
 * from `old`, so the webhook can answer without knowing the plan. `next` may be the plain manifest, or the live object with some of our pairs
 * edited: each pair's sum is the team's, how it is divided is ours. If `next` and `old` say the same, or `old` carries no split of ours, or the
 * result says what `next` says: `next` itself. Keeping twice is keeping once.
 */
export function keepSplit(next: VirtualServiceSpec, old: VirtualServiceSpec, ours: Ours): VirtualServiceSpec {
  const split = splitInForce(old, ours);
  if (split === undefined || sameJson(next, old)) return next;
  return splitVirtualService(next, { ...ours, ...split }).spec;
}
