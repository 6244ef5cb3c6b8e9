import type { CanaryPlan } from "../../api/plan.ts";
import type { Field } from "../admission/stamp.ts";
import type { PlanReason } from "../plan/reasons.ts";
import { nameOf } from "./auditedPlan.ts";
import type { Finding } from "./reasons.ts";

const reason: PlanReason = "StampForged";

/** Whether a name in `spec.control` is proven as far as can be told without the webhook's keys: it is signed, and the worker has not doubted it. */
export const isProven = ({ spec, status }: CanaryPlan, field: Field): boolean =>
  spec.control[field]?.mac !== undefined &&
  !(status?.journal ?? []).some((entry) => entry.reason === reason && entry.message.startsWith(`${field} of `));

/**
 * Stamps in `spec.control` that the webhook never made. Who has its keys can tell, and that is the worker: its journal says so. Without them only a stamp
 * without a signature gives itself away; on a plan that has ended it may be of a Serin that did not sign yet, and the seal speaks for it.
 */
export function forgedStamps(plan: CanaryPlan): Array<Omit<Finding, "plan">> {
  const { spec, status } = plan;
  const told = (status?.journal ?? []).flatMap((entry, index): Array<Omit<Finding, "plan">> => {
    if (entry.reason !== reason) return [];
    return [{ code: "ControlForged", entry: index + 1, message: `the worker met a forged stamp at ${entry.at}: ${entry.message}` }];
  });
  if (status?.seal) return told;
  const unsigned = Object.entries(spec.control).flatMap(([field, asked]): Array<Omit<Finding, "plan">> => {
    if (asked === undefined || asked === null || asked.mac !== undefined || (asked.by === undefined && asked.at === undefined)) return [];
    const path = `spec.control.${field} of ${nameOf(plan)}`;
    return [{ code: "ControlForged", message: `${path} says by ${asked.by} at ${asked.at}, without the signature of Serin's webhook` }];
  });
  return [...told, ...unsigned];
}
