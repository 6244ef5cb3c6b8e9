import { askedIn, type CanaryPlan, type Request } from "./plan.ts";

/** The requests that a plan records: its own, and those that were overwritten before it. */
export const requestsOf = (plan: CanaryPlan): Request[] =>
  [askedIn(plan), ...(plan.spec.overwritten ?? [])].filter((asked) => asked !== undefined);

/** The same by uid of the admission request. */
export const requestUidsOf = (plan: CanaryPlan): string[] => requestsOf(plan).map(({ uid }) => uid);
