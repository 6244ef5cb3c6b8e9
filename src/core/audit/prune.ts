import { parseDuration } from "../../api/duration.ts";
import { finalizers } from "../../api/names.ts";
import { type CanaryPlan, terminalPhases } from "../../api/plan.ts";
import type { PolicySpec } from "../../api/policy.ts";

export type History = PolicySpec["history"];

/** Together they are one write of the heads; what is left is for the next look. */
const most = 50;

/**
 * Finished plans of one Deployment that are beyond their policy's `history`: not among the newest `keep`, or older than `for`. Oldest first. The newest
 * plan stays, and so does one that still holds its Deployment. One without a seal stays, too: it would go without a trace.
 * @param now milliseconds since the epoch
 * @param historyOf what counts for this plan: its policy as it is now, or as it was when that is gone
 */
export function plansToPrune(
  plans: readonly CanaryPlan[],
  now: number,
  historyOf: (plan: CanaryPlan) => History | undefined,
): CanaryPlan[] {
  const over = plans
    .filter(({ status }) => status !== undefined && terminalPhases.has(status.phase))
    .sort((a, b) => (endOf(a) < endOf(b) ? 1 : -1));
  const goes = over.filter((plan, index) => {
    const history = historyOf(plan);
    if (index === 0 || !history || !plan.status?.seal || plan.metadata.deletionTimestamp) return false;
    if (plan.metadata.finalizers?.includes(finalizers.plan)) return false;
    return index >= history.keep || now - Date.parse(endOf(plan)) > parseDuration(history.for);
  });
  return goes.reverse().slice(0, most);
}

const endOf = ({ metadata, status }: CanaryPlan): string => status?.finishedAt ?? metadata.creationTimestamp ?? "";
