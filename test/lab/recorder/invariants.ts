/** The invariants of design §9 that a record can prove, each a pure function of it, and all of them at once. */
import { checkAbortedCanary } from "./checkAbortedCanary.ts";
import { checkNothingOwned } from "./checkNothingOwned.ts";
import { checkPlanEndings } from "./checkPlanEndings.ts";
import { checkReadyPods } from "./checkReadyPods.ts";
import { checkStableKept } from "./checkStableKept.ts";
import { checkTeamFields, type TeamFieldsOptions } from "./checkTeamFields.ts";
import { checkWeights } from "./checkWeights.ts";
import type { RecordedEvent } from "./recordedEvent.ts";

export { checkRoutesRestored } from "./checkTeamFields.ts";
export { checkAbortedCanary, checkNothingOwned, checkPlanEndings, checkReadyPods, checkStableKept, checkTeamFields, checkWeights };

export interface InvariantOptions extends TeamFieldsOptions {
  readonly toleranceMs?: number;
  readonly settleMs?: number;
  readonly withinMs?: number;
  readonly underWay?: boolean;
}

/** Every finding of every invariant, each with the invariant's number in front. Nothing found: an empty list. */
export function checkInvariants(events: readonly RecordedEvent[], options: InvariantOptions = {}): string[] {
  const numbered = (number: string, found: string[]) => found.map((line) => `${number} ${line}`);
  return [
    ...numbered("I1", checkWeights(events, options)),
    ...numbered("I2", checkReadyPods(events, options)),
    ...numbered("I3", checkStableKept(events, options)),
    ...numbered("I4", checkPlanEndings(events, options)),
    ...numbered("I5", checkAbortedCanary(events, options)),
    ...numbered("I11", checkTeamFields(events, options)),
    ...numbered("I13", checkNothingOwned(events)),
  ];
}
