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
 * How many revisions ago the template served, 1 for the one before the present; undefined when that is beyond the window, or when nothing vouches for
 * it. The history is what plans record: of each promoted or bypassed one the stable template and then the canary's. A promotion vouches for both: the
 * new one passed, the old one carried every request until then. A bypass vouches for neither, since nobody looked (nothing may have served at all), but
 * its template takes its place in the count. A template whose last plan failed has no way back, whatever was before.
 */
export function revisionsBack(plans: readonly PastPlan[], { digest, present, window }: WayBack): number | undefined {
  if (window === 0 || digest === present || failedBefore(plans, digest)) return undefined;
  const served = plans.filter(({ phase }) => phase === "Promoted" || phase === "Bypassed").sort((a, b) => (a.askedAt < b.askedAt ? -1 : 1));
  const youngestFirst = new Set(served.flatMap(({ stable, canary }) => [stable.digest, canary.digest]).reverse());
  youngestFirst.delete(present);
  const back = [...youngestFirst].indexOf(digest) + 1;
  const isVouchedFor = served.some(
    ({ phase, stable, canary }) => phase === "Promoted" && (stable.digest === digest || canary.digest === digest),
  );
  return isVouchedFor && back > 0 && back <= window ? back : undefined;
}

/** `served just before the present one` */
export const servedBefore = (back: number): string =>
  back === 1 ? "served just before the present one" : `served ${back} revisions before the present one`;
