import { z } from "zod";
import { duration } from "./metric.ts";
import { address, secretName } from "./provider.ts";
import { withRules } from "./rule.ts";

/* Who is told what of a policy's plans. Only an administrator can write a policy, so no tenant names a receiver. */

/** What can be told, in the order in which it can happen. Each is one entry of the plan's journal; the reasons behind each are in `core/notify/triggers.ts`. */
export const triggers = [
  "Started",
  "WeightUpdated",
  "StepCompleted",
  "Paused",
  "Approved",
  "AnalysisFailed",
  "Aborted",
  "RollingBack",
  "RolledBack",
  "Held",
  "Promoted",
  "Cancelled",
  "Superseded",
  "Bypassed",
] as const;
export type Trigger = (typeof triggers)[number];

const usualTriggers: Trigger[] = ["Paused", "RollingBack", "RolledBack", "Held", "Promoted", "Bypassed"];

const secretRef = z
  .strictObject({ name: secretName("Its name.", "serin-slack") })
  .describe(
    "A Secret in Serin's own namespace: address (the URL), and where the receiver asks for them username and password, or token; for TLS ca.crt, tls.crt and tls.key. The Role serin-worker must name it too.",
  );

const reached = {
  address: address(
    "URL of the receiver, without user, password or query. What is secret about it goes into a Secret.",
    "http://alertmanager.monitoring:9093",
  ).optional(),
  secretRef: secretRef.optional(),
};

const somewhere = {
  cel: "has(self.address) || has(self.secretRef)",
  holds: (it: { address?: unknown; secretRef?: unknown }) => it.address !== undefined || it.secretRef !== undefined,
  message: "nobody can be reached: write address, or secretRef with a Secret that has the key address",
};

const cloudEvents = withRules(
  z.strictObject(reached),
  {
    description:
      "Any HTTP endpoint: one POST of a CloudEvent (1.0, structured, application/cloudevents+json) each. A repeated one has the same id.",
  },
  [somewhere],
);

const slack = z
  .strictObject({ secretRef })
  .describe("An incoming webhook of Slack. Its URL is a secret: it stands in the Secret's key address.");

/** Labels that say which Deployment an alert is about; the receiver's own stand beside them. */
const ownLabels = ["alertname", "namespace", "deployment", "policy"];

const alertLabels = withRules(
  z.record(z.string().max(63), z.string().max(256)),
  { description: "Labels of each alert, for Alertmanager's routes, such as severity: critical.", maxProperties: 16 },
  [
    {
      cel: "self.all(name, name.matches('^[a-zA-Z_][a-zA-Z0-9_]*$'))",
      holds: (it) => Object.keys(it).every((name) => /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)),
      message: "a label's name has letters, digits and _, and begins with no digit: write for example severity",
    },
    {
      cel: `!self.exists(name, name in ['${ownLabels.join("', '")}'])`,
      holds: (it) => ownLabels.every((name) => it[name] === undefined),
      message: `Serin itself writes ${ownLabels.join(", ")}: take another name`,
    },
    { cel: "self.size() <= 16", holds: (it) => Object.keys(it).length <= 16, message: "write at most 16 labels" },
  ],
);

const alertmanager = withRules(
  z.strictObject({
    ...reached,
    labels: alertLabels.optional(),
    resolveAfter: duration(
      "An alert ends by itself so long after it was last told: nobody repeats it, as Prometheus would. A promotion, or the change being taken back, ends it before.",
    ).default("1h"),
  }),
  {
    description:
      "Alertmanager, by its API v2, under the address that its page has. Alerts SerinCanaryFailed (RollingBack, RolledBack, Held), SerinCanaryPaused and SerinCanaryBypassed, each per Deployment.",
  },
  [somewhere],
);

const oneReceiver = ["cloudEvents", "slack", "alertmanager"] as const;
export type ReceiverKind = (typeof oneReceiver)[number];

export const notification = withRules(
  z.strictObject({
    name: z
      .string()
      .min(1)
      .max(63)
      .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, "write a name of small letters, digits and '-', such as releases")
      .describe("Its name, in the policy's status and in the log."),
    // Not `on`, which YAML 1.1, kubectl's, reads as true.
    triggers: z
      .array(z.enum(triggers))
      .min(1)
      .max(triggers.length)
      .default(usualTriggers)
      .describe(
        [
          "What is told. Started: a change was held and its plan made. WeightUpdated. StepCompleted. Paused: a gate, a person, or a metric without a verdict holds the plan.",
          "Approved: a person let it go on. AnalysisFailed. Aborted: a person ends it. RollingBack: it turns back, whatever the reason. RolledBack, Held, Promoted, Cancelled, Superseded: it has ended so.",
          "Bypassed: an image change went out with no canary.",
        ].join(" "),
      ),
    cloudEvents: cloudEvents.optional(),
    slack: slack.optional(),
    alertmanager: alertmanager.optional(),
  }),
  { description: "Who is told, and of what. Exactly one of cloudEvents, slack and alertmanager." },
  [
    {
      cel: "[has(self.cloudEvents), has(self.slack), has(self.alertmanager)].filter(x, x).size() == 1",
      holds: (it) => oneReceiver.filter((kind) => it[kind] !== undefined).length === 1,
      message: "a notification has exactly one of cloudEvents, slack and alertmanager: write each as a list item of its own",
    },
  ],
);

export const notifications = z
  .array(notification)
  .max(8)
  .optional()
  .meta({
    description:
      "Who is told of what happens to the plans of this policy, as it is now, also for plans that began before. Nothing waits for a receiver: one that does not answer is asked again for 15 minutes.",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
  });

export type Notification = z.output<typeof notification>;

/** @throws when the notification is none that a policy can have */
export function receiverKind(one: Notification): ReceiverKind {
  const kind = oneReceiver.find((each) => one[each] !== undefined);
  if (kind === undefined) throw new Error(`notification ${one.name} names no receiver, which no policy can have`);
  return kind;
}
