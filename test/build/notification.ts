import { type Notification, notification } from "../../src/api/notification.ts";
import type { JournalEntry } from "../../src/api/plan.ts";
import type { Notice } from "../../src/core/notify/notice.ts";
import { at, canaryImage, deploymentName, namespace, planUid, stableImage } from "./story.ts";

/** As a policy has it, with its defaults. @throws when no policy could */
export const aReceiver = (fields: Record<string, unknown>): Notification => notification.parse({ name: "releases", ...fields });

export const entry = (seconds: number, reason: string, message = `${reason} happened`): JournalEntry => ({
  at: at(seconds),
  reason,
  message,
});

export const aNotice = (fields: Partial<Notice> = {}): Notice => ({
  namespace,
  deployment: deploymentName,
  plan: `${deploymentName}-x7k2m`,
  uid: planUid,
  seq: 7,
  at: at(60),
  trigger: "Promoted",
  triggers: ["Promoted"],
  reason: "Promoted",
  message: "nginx:1.24.0 serves everything: 4 pods; weight 100",
  policy: "default",
  stable: stableImage,
  canary: canaryImage,
  user: "alice",
  tool: "kubectl-set",
  ...fields,
});
