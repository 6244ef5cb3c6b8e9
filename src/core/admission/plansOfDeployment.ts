import type { PlanFact } from "./world.ts";

type Outcome = Pick<PlanFact, "askedAt" | "phase" | "outcome" | "canary">;

const byAge = (a: Outcome, b: Outcome): number => (a.askedAt < b.askedAt ? -1 : a.askedAt > b.askedAt ? 1 : 0);

/**
 * The plan in which this template failed, if its last plan did. Only the latest plan of the template counts: one that was retried and promoted is
 * good, and a later plan of another template says nothing about this one.
 */
export function failedBefore<P extends Outcome>(plans: readonly P[], digest: string): P | undefined {
  const ofTemplate = plans.filter((plan) => plan.canary.digest === digest).sort(byAge);
  const last = ofTemplate.at(-1);
  return last !== undefined && hasFailed(last) ? last : undefined;
}

/** Also one that is still on its way back: the verdict is in. */
function hasFailed({ phase, outcome }: Outcome): boolean {
  const failures = ["RolledBack", "Held"];
  return failures.includes(phase) || (phase === "RollingBack" && (outcome === undefined || failures.includes(outcome)));
}

/** The latest plan that still holds the Deployment. `Held` is over for the worker, not for the user. */
export const holdingPlan = (plans: readonly PlanFact[]): PlanFact | undefined =>
  plans
    .filter((plan) => plan.live || plan.phase === "Held")
    .sort(byAge)
    .at(-1);

/** uids of the requests that plans record: as their own, or as overwritten before. */
export const recordedRequests = (plans: readonly PlanFact[]): Set<string | undefined> =>
  new Set(plans.flatMap((plan) => [plan.requestUid, ...plan.overwritten]));
