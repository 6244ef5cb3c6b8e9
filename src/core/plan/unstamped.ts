import { formatDuration } from "../../api/duration.ts";
import type { CanaryPlan } from "../../api/plan.ts";
import { type Asked, type Field, fields, needStamp, type Standing, stampLastsMs } from "../admission/stamp.ts";
import { oneLine } from "../audit/escape.ts";
import type { Action } from "./action.ts";
import type { Draft } from "./draft.ts";
import type { Look } from "./look.ts";
import type { PlanReason } from "./reasons.ts";
import type { Snapshot } from "./snapshot.ts";

/*
 * Wishes that came past the webhook, or whose stamp is not its own. Who promotes, approves or retries takes a risk for others, so without a genuine
 * stamp that counts for nothing: it is said once and taken off the plan, so that the same command, asked through the webhook, works. Hold and abort make
 * things safer and count all the same; a name that is not proven is not believed.
 */

/** A crash or a slow cache may show a wish again that was just taken off. */
const toldMs = 60_000;
/** A key that the webhook signs with already is read by then, or the next time. */
export const readAgainMs = 5_000;

export function refuseUnstamped({ plan, snapshot }: Look, draft: Draft): void {
  const wishes: Partial<Record<Field, Asked>> = {};
  for (const field of fields) {
    const [standing, asked] = [snapshot.stamps[field], plan.spec.control[field]];
    if (standing === "unread") draft.wake(readAgainMs);
    if (asked === undefined || typeof standing !== "string" || standing === "unread") continue;
    if (needStamp.has(field)) wishes[field] = asked;
    // Without a stamp they are as they may be: nobody has claimed anything.
    else if (standing === "missing") continue;
    const { reason, message } = refusal(plan, field, standing);
    const since = needStamp.has(field) ? draft.now - toldMs : 0;
    const told = (draft.status.journal ?? []).some(
      (entry) => entry.reason === reason && entry.message === message && Date.parse(entry.at) >= since,
    );
    if (!told) draft.tell(reason, message, "Warning");
  }
  if (Object.keys(wishes).length > 0) draft.do({ kind: "takeBack", plan: plan.metadata.name, wishes });
}

/** The same of a retry, which is asked of a plan that is over: only an Event can say it. */
export function refuseUnstampedRetry({ previous, retryStamp }: Snapshot): Action[] {
  const { retry } = previous?.spec.control ?? {};
  if (!previous || retry === undefined || typeof retryStamp !== "string" || retryStamp === "unread") return [];
  const { reason, message } = refusal(previous, "retry", retryStamp);
  return [
    { kind: "takeBack", plan: previous.metadata.name, wishes: { retry } },
    { kind: "event", type: "Warning", reason, message },
  ];
}

/** When to look again for the key of a retry's stamp, in milliseconds; undefined: there is none to wait for. */
export const retryUnread = ({ retryStamp }: Snapshot): number | undefined => (retryStamp === "unread" ? readAgainMs : undefined);

function refusal(
  { metadata, spec }: CanaryPlan,
  field: Field,
  standing: Exclude<Standing, object | "unread">,
): { reason: PlanReason; message: string } {
  const { by = "nobody", at = "no time" } = spec.control[field] ?? {};
  const what = `${field} of ${metadata.name}`;
  const counts = needStamp.has(field) ? "it counts for nothing and was taken off" : "it counts, as asked by nobody who is known";
  const again = needStamp.has(field) ? ". Ask again, without by and at, when the webhook is up" : "";
  if (standing === "missing")
    return {
      reason: "StampMissing",
      message: `${what} came past Serin's webhook, which says who asks and when: ${counts}${again}: kubectl get pods -n serin-system`,
    };
  if (standing === "stale")
    return {
      reason: "StampStale",
      message: oneLine(
        `${what}, by ${by} at ${at}, was taken back since, or is more than ${formatDuration(stampLastsMs)} old and new to the worker: ${counts}${again}`,
        1024,
      ),
    };
  const message = `${what} says by ${by} at ${at}, and that is no stamp of Serin's webhook: ${counts}${again}`;
  return { reason: "StampForged", message: oneLine(message, 1024) };
}
