import { type Notification, receiverKind } from "../../api/notification.ts";
import type { PolicyStatus } from "../../api/policy.ts";
import { oneLine } from "../audit/escape.ts";

type Condition = NonNullable<PolicyStatus["conditions"]>[number];

/** How a receiver does, as far as is known. */
export interface ReceiverState {
  receiver: string;
  /** Why it does not take what it is sent. */
  trouble: string | undefined;
  /** It took what it was last sent. */
  delivered: boolean;
}

/** What is known of a policy's receivers. */
export interface Told {
  states: readonly ReceiverState[];
  /** What came of the last test, if this leader made it. */
  test?: PolicyStatus["notifyTest"] | undefined;
}

/**
 * The condition Notified of a policy; undefined when it tells nobody anything. Where nothing is known of any receiver, what was said before (by the leader
 * before) stays.
 */
export function notified(
  receivers: readonly Notification[] | undefined,
  states: readonly ReceiverState[],
  before: Condition | undefined,
): Pick<Condition, "type" | "status" | "reason" | "message"> | undefined {
  const type = "Notified";
  if (receivers === undefined || receivers.length === 0) return undefined;
  const called = (one: Notification) => `${one.name} (${receiverKind(one)})`;
  const stateOf = ({ name }: Notification) => states.find(({ receiver }) => receiver === name);
  const failing = receivers.flatMap((one) => {
    const trouble = stateOf(one)?.trouble;
    return trouble === undefined ? [] : [`${called(one)}: ${oneLine(trouble, 512)}`];
  });
  if (failing.length > 0) return { type, status: "False", reason: "ReceiverFailing", message: failing.join("; ") };
  const delivered = receivers.filter((one) => stateOf(one)?.delivered);
  if (delivered.length > 0)
    return { type, status: "True", reason: "Delivered", message: `${delivered.map(called).join(", ")}: took what was last sent` };
  return before ?? { type, status: "Unknown", reason: "NothingSent", message: `${receivers.map(called).join(", ")}: nothing was sent yet` };
}
