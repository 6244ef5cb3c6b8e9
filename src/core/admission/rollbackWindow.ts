import { failedBefore } from "./plansOfDeployment.ts";
import type { PlanFact } from "./world.ts";

/** What of a plan says which templates served, in which order. */
export type PastPlan = Pick<PlanFact, "askedAt" | "phase" | "outcome" | "canary" | "stable">;

export interface WayBack {
  /** The template that is asked for. */
  digest: string;
  /** What serves now. */
  present: string;
  /** `rollbackWindow.revisions` of the policy. */
  window: number;
}

/**
 * How many revisions ago the template served, 1 for the one before the present; undefined when that is beyond the window, when nothing vouches for it,
 * or when its last plan failed. A way back is for going back: what was fled from takes the steps when it is asked for again.
 */
export function revisionsBack(plans: readonly PastPlan[], { digest, present, window }: WayBack): number | undefined {
  if (window === 0 || digest === present || failedBefore(plans, digest)) return undefined;
  const before = below(present, served(plans)).reverse();
  const back = before.findIndex((revision) => revision.digest === digest) + 1;
  return back > 0 && back <= window && before[back - 1]?.vouchedFor ? back : undefined;
}

interface Served {
  digest: string;
  vouchedFor: boolean;
}

/**
 * What served, as a stack: a new template goes on top, one that is there already takes off those above it. A promotion vouches for both of its
 * templates: the new one passed, the old one carried every request until then. A bypass vouches for neither, since nobody looked (nothing may have
 * served at all), but its template has its place.
 */
function served(plans: readonly PastPlan[]): Served[] {
  const ended = plans.filter(({ phase }) => phase === "Promoted" || phase === "Bypassed").sort((a, b) => (a.askedAt < b.askedAt ? -1 : 1));
  let stack: Served[] = [];
  for (const { phase, stable, canary } of ended) {
    for (const { digest } of [stable, canary]) {
      const known = stack.find((revision) => revision.digest === digest);
      stack = [...below(digest, stack), { digest, vouchedFor: phase === "Promoted" || (known?.vouchedFor ?? false) }];
    }
  }
  return stack;
}

/** All of it when the template is not in the stack. */
function below(digest: string, stack: readonly Served[]): Served[] {
  const at = stack.findIndex((revision) => revision.digest === digest);
  return at < 0 ? [...stack] : stack.slice(0, at);
}

/** `served just before the present one` */
export const servedBefore = (back: number): string =>
  back === 1 ? "served just before the present one" : `served ${back} revisions before the present one`;
