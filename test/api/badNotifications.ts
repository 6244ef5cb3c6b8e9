import type { Says } from "./badSidecarPolicies.ts";

/* Items of `spec.notifications` that are refused, and with which words: by kube-apiserver when the policy is written (`test/lab/kinds.test.ts`), by Serin when it reads it. */

const secretRef = { name: "serin-slack" };
const alertmanager = (labels: Record<string, string>) => ({ alertmanager: { address: "http://a:9093", labels } });

export const badNotifications: Array<[what: string, item: Record<string, unknown>, says: Says]> = [
  ["nobody", {}, { both: "a notification has exactly one of cloudEvents, slack and alertmanager: write each as a list item of its own" }],
  [
    "two at once",
    { slack: { secretRef }, cloudEvents: { address: "http://x" } },
    { both: "a notification has exactly one of cloudEvents, slack and alertmanager" },
  ],
  [
    "no address",
    { cloudEvents: {} },
    { both: "nobody can be reached: write address, or secretRef with a Secret that has the key address" },
  ],
  ["a Slack URL in the policy", { slack: { address: "https://hooks.slack.com/x" } }, { both: 'unknown field "', ours: "unknown field" }],
  ["a password in the address", { cloudEvents: { address: "http://u:p@x" } }, { both: "without user, password or query" }],
  ["a token in the address", { alertmanager: { address: "http://x/?token=t" } }, { both: "without user, password or query" }],
  [
    "another scheme",
    { cloudEvents: { address: "file:///etc/passwd" } },
    { both: "write an address such as http://alertmanager.monitoring:9093" },
  ],
  ["a Secret of another namespace", { slack: { secretRef: { name: "a/b" } } }, { both: "write the name of a Secret, such as serin-slack" }],
  [
    "a trigger that there is not",
    { slack: { secretRef }, triggers: ["on-rollout-completed"] },
    { both: '"Promoted"', ours: "must be Started or WeightUpdated" },
  ],
  ["no trigger", { slack: { secretRef }, triggers: [] }, { both: "should have at least 1 items", ours: "must be at least 1 items long" }],
  [
    "a label of Serin's own",
    alertmanager({ alertname: "x" }),
    { both: "Serin itself writes alertname, namespace, deployment, policy: take another name" },
  ],
  ["a label that is none", alertmanager({ "team-a": "x" }), { both: "a label's name has letters, digits and _, and begins with no digit" }],
  [
    "an end that is no duration",
    { alertmanager: { address: "http://a", resolveAfter: "1 hour" } },
    { both: "write a duration as whole numbers with units" },
  ],
  [
    "a name with capitals",
    { name: "Releases", slack: { secretRef } },
    { both: "name", ours: "write a name of small letters, digits and '-', such as releases" },
  ],
];
