import { parseDuration } from "../../api/duration.ts";
import type { Notification, Trigger } from "../../api/notification.ts";
import type { Notice } from "./notice.ts";

/** An alert of Alertmanager's API v2. What fires ends by itself at `endsAt`; told again with another end, it is the same alert. */
export interface Alert {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  endsAt: string;
}

/*
 * Each is one per Deployment and policy, so the next plan of a Deployment ends what an earlier one began:
 *
 *   SerinCanaryPaused    Paused ──▶ the plan goes on (Approved, or data is back), turns back or ends
 *   SerinCanaryFailed    RollingBack ─▶ RolledBack | Held ──▶ Promoted (of a later plan), or Cancelled: nobody wants the failed version any more
 *   SerinCanaryBypassed  Bypassed ──▶ the next Started: whoever reads it can't do anything but look
 */
const names = ["SerinCanaryPaused", "SerinCanaryFailed", "SerinCanaryBypassed"] as const;
type Name = (typeof names)[number];

const fires: Partial<Record<Trigger, Name>> = {
  Paused: "SerinCanaryPaused",
  AnalysisFailed: "SerinCanaryFailed",
  Aborted: "SerinCanaryFailed",
  RollingBack: "SerinCanaryFailed",
  RolledBack: "SerinCanaryFailed",
  Held: "SerinCanaryFailed",
  Bypassed: "SerinCanaryBypassed",
};

const resolves: Partial<Record<Trigger, readonly Name[]>> = {
  Started: ["SerinCanaryBypassed"],
  WeightUpdated: ["SerinCanaryPaused"],
  StepCompleted: ["SerinCanaryPaused"],
  Approved: ["SerinCanaryPaused"],
  RollingBack: ["SerinCanaryPaused"],
  Promoted: ["SerinCanaryPaused", "SerinCanaryFailed"],
  Cancelled: ["SerinCanaryPaused", "SerinCanaryFailed"],
  Superseded: ["SerinCanaryPaused"],
};

/**
 * What ends has ended so long before: told of an end that is still to come by its own clock, Alertmanager would keep the end that it knows (`Alert.Merge`
 * in its package types). Milliseconds.
 */
const skewMs = 10_000;

/** The alerts that tell of it: those that it begins, if the receiver wants to hear of that, and those that it ends, if the receiver may have heard of them. */
export function alertsOf({ triggers, alertmanager }: Notification, notice: Notice): Alert[] {
  if (alertmanager === undefined) return [];
  const { namespace, deployment, policy, plan, reason, message, at } = notice;
  const fired = new Set(notice.triggers.filter((trigger) => triggers.includes(trigger)).flatMap((trigger) => fires[trigger] ?? []));
  const heard = new Set(triggers.flatMap((trigger) => fires[trigger] ?? []));
  const ended = new Set(notice.triggers.flatMap((trigger) => resolves[trigger] ?? []).filter((name) => heard.has(name)));
  const until = new Date(Date.parse(at) + parseDuration(alertmanager.resolveAfter)).toISOString();
  const over = new Date(Date.parse(at) - skewMs).toISOString();
  const alert = (alertname: Name, startsAt: string, endsAt: string): Alert => ({
    labels: { ...alertmanager.labels, alertname, namespace, deployment, policy },
    annotations: { summary: `${notice.trigger} ${namespace}/${deployment}`, description: message, reason, plan },
    startsAt,
    endsAt,
  });
  return names.flatMap((name) => (fired.has(name) ? [alert(name, at, until)] : ended.has(name) ? [alert(name, over, over)] : []));
}

/** How long an alert stands that only tries the way. Milliseconds. */
const testMs = 60_000;

/** With the receiver's labels, so that it goes the way of the real ones. */
export const testAlert = ({ alertmanager }: Notification, { policy, message, at }: Record<"policy" | "message" | "at", string>): Alert => ({
  labels: { ...alertmanager?.labels, alertname: "SerinNotificationTest", policy },
  annotations: { summary: `Test of policy ${policy}`, description: message },
  startsAt: at,
  endsAt: new Date(Date.parse(at) + testMs).toISOString(),
});
