import { type Notification, receiverKind, type Trigger } from "../../api/notification.ts";
import { askedIn, type CanaryPlan } from "../../api/plan.ts";
import { alertsOf, testAlert } from "./alerts.ts";
import { cloudEventOf, testEvent } from "./cloudEvent.ts";
import { slackMessageOf } from "./slackMessage.ts";
import { triggersOf } from "./triggers.ts";

/** One journal entry on its way to receivers, with what a reader needs beside it. The plan's uid and `seq` name it for good. */
export interface Notice {
  namespace: string;
  deployment: string;
  plan: string;
  uid: string;
  /** Number of the entry in the plan's journal, from 1; entries that were left out count. */
  seq: number;
  /** When it was decided. RFC 3339. */
  at: string;
  /** What it is called. */
  trigger: Trigger;
  /** Everything that it is told as. */
  triggers: readonly Trigger[];
  /** As in the journal, unchanged. */
  reason: string;
  message: string;
  policy: string;
  stable: string;
  canary: string;
  /** Who asked for the change, and with which tool. */
  user?: string;
  tool?: string;
}

/** Longest list of images that is told; a template may have 64 of 1 KiB. */
const longestImages = 1_024;

/** The entries of a plan that can be told, oldest first: those after entry number `after`, and decided at `since` (ms since the epoch) or later. */
export function noticesOf(plan: CanaryPlan, { after, since }: { after: number; since: number }): Notice[] {
  const { metadata, spec, status } = plan;
  if (status?.journal === undefined) return [];
  const asked = askedIn(plan);
  const notices: Notice[] = [];
  let seq = 0;
  for (const { at, reason, message, left } of status.journal) {
    seq += left ?? 1;
    // Of one that has no time nobody can say how long it is worth telling.
    if (seq <= after || !(Date.parse(at) >= since)) continue;
    const triggers = triggersOf(reason, status.phase);
    const [trigger] = triggers;
    if (trigger === undefined) continue;
    notices.push({
      namespace: metadata.namespace,
      deployment: spec.deployment.name,
      plan: metadata.name,
      uid: metadata.uid ?? "",
      seq,
      at,
      trigger,
      triggers,
      reason,
      message,
      policy: spec.policy?.name ?? "",
      stable: spec.stable.images.join(", ").slice(0, longestImages),
      canary: spec.canary.images.join(", ").slice(0, longestImages),
      ...(asked === undefined ? {} : { user: asked.user }),
      ...(asked?.fieldManager === undefined ? {} : { tool: asked.fieldManager }),
    });
  }
  return notices;
}

/** What is posted: the body, what it is, and where under the receiver's address. */
export interface Letter {
  body: string;
  contentType: string;
  /** Comes after the path of the receiver's address. */
  path: string;
}

const json = (value: object, contentType = "application/json", path = ""): Letter => ({ body: JSON.stringify(value), contentType, path });

/** The letter that tells this receiver of it; undefined when the receiver doesn't want to hear of it. */
export function letterTo(receiver: Notification, notice: Notice): Letter | undefined {
  const wanted = notice.triggers.some((trigger) => receiver.triggers.includes(trigger));
  switch (receiverKind(receiver)) {
    case "cloudEvents":
      return wanted ? json(cloudEventOf(notice), cloudEventJson) : undefined;
    case "slack":
      return wanted ? json(slackMessageOf(notice)) : undefined;
    case "alertmanager": {
      const alerts = alertsOf(receiver, notice);
      return alerts.length > 0 ? json(alerts, "application/json", alertsPath) : undefined;
    }
  }
}

const cloudEventJson = "application/cloudevents+json";
const alertsPath = "/api/v2/alerts";

/** A letter that only tries the way. `at`: when it was asked for, RFC 3339; the same test is the same event. */
export function testLetterTo(receiver: Notification, policy: string, at: string): Letter {
  const message = `a test of notification ${receiver.name} of policy ${policy}, asked for at ${at}: nothing has happened`;
  switch (receiverKind(receiver)) {
    case "cloudEvents":
      return json(testEvent({ policy, receiver: receiver.name, message, at }), cloudEventJson);
    case "slack":
      return json({ text: `◌ *Test* ${message}` });
    case "alertmanager":
      return json([testAlert(receiver, { policy, message, at })], "application/json", alertsPath);
  }
}
