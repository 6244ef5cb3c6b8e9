import type { PlanStatus } from "../../api/plan.ts";
import { triggersOf } from "../notify/triggers.ts";

/** How long a plan that has ended took, in seconds, as its record says. */
export interface Durations {
  /** From its making to its end, gates and pauses included. */
  plan?: number;
  /** From the decision to turn back to the moment from which the canary got no requests any more. */
  drain?: number;
}

export function durationsOf({ startedAt, finishedAt, journal = [] }: PlanStatus): Durations {
  const turned = journal.find(({ reason }) => triggersOf(reason, "RollingBack").includes("RollingBack"));
  const drained = journal.find(({ reason }) => reason === "CanaryTrafficStopped");
  const plan = secondsBetween(startedAt, finishedAt);
  const drain = secondsBetween(turned?.at, drained?.at);
  return { ...(plan === undefined ? {} : { plan }), ...(drain === undefined ? {} : { drain }) };
}

function secondsBetween(from: string | undefined, to: string | undefined): number | undefined {
  const seconds = (Date.parse(to ?? "") - Date.parse(from ?? "")) / 1_000;
  return seconds >= 0 ? seconds : undefined;
}
