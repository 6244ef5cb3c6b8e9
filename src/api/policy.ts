import { z } from "zod";
import { analysisFields } from "./analysis.ts";
import { durationPattern } from "./duration.ts";
import { match } from "./match.ts";
import { duration, durationMessage } from "./metric.ts";
import { annotations, type apiVersion } from "./names.ts";
import { notifications } from "./notification.ts";
import { matching, withRules } from "./rule.ts";
import { conditions, text, time } from "./statusField.ts";

/**
 * CEL can't afford `matches` here: the text of an int-or-string counts as 3 MB long, fifty times. So the pattern refuses, and this rule,
 * whose cost doesn't grow with the text, says what to write for the usual mistakes: no unit, nothing at all.
 */
const pauseDuration = withRules(
  z.union([z.string().max(32).regex(new RegExp(durationPattern), durationMessage), z.int().min(0).max(31_536_000)], {
    error: `${durationMessage}, or a number of seconds`,
  }),
  {
    description:
      "How long the plan stays at this weight: 30s, 5m, or a number of seconds. Absent: a gate, the plan waits until a person approves.",
    "x-kubernetes-int-or-string": true,
  },
  [
    {
      cel: "type(self) == int || self == '0' || ['s', 'm', 'h', 'd'].exists(unit, self.endsWith(unit))",
      holds: (it) => it !== "",
      message: `${durationMessage}, or a number of seconds without quotes`,
    },
  ],
);

const pause = z
  .strictObject({ duration: pauseDuration.optional() })
  .describe("Stay at this weight for a time, or until a person approves.");

export const analysisStep = z
  .strictObject(analysisFields)
  .describe("Measures these metrics and blocks until they end. The plan goes on when they pass and rolls back when they fail.");

const stepFields = z.strictObject({
  setWeight: z.int().min(0).max(100).optional().describe("Percent of the Service's requests that the canary gets."),
  pause: pause.optional(),
  analysis: analysisStep.optional(),
});

export const step = withRules(stepFields, { description: "One step. Exactly one of setWeight, pause and analysis." }, [
  {
    cel: "[has(self.setWeight), has(self.pause), has(self.analysis)].filter(x, x).size() == 1",
    holds: (it) => [it.setWeight, it.pause, it.analysis].filter((part) => part !== undefined).length === 1,
    message:
      "a step is exactly one of setWeight, pause or analysis: write each as a list item of its own, such as `- setWeight: 30` or `- pause: {}`",
  },
]);

const replicasPattern = "^(Weight|[1-9][0-9]?%|100%)$";
const replicas = withRules(
  z.union([z.int(), z.string().max(6)]),
  {
    description:
      "How many canary pods: Weight (as many as the weight's share of spec.replicas), a number, or a percentage of spec.replicas.",
    "x-kubernetes-int-or-string": true,
  },
  [
    {
      cel: `type(self) == int ? (self >= 1 && self <= 10000) : self.matches('${replicasPattern}')`,
      holds: (it) => (typeof it === "number" ? it >= 1 && it <= 10_000 : new RegExp(replicasPattern).test(it)),
      message: 'write Weight, a number from 1 to 10000, or a percentage such as "50%"',
    },
  ],
);

export const canary = z
  .strictObject({
    replicas: replicas.default("Weight"),
    minReplicas: z.int().min(1).max(1000).default(1).describe("At least so many canary pods while the canary has traffic."),
    progressDeadline: duration("How long the canary's pods may take to get ready before the plan rolls back.").default("10m"),
    scaleDownDelay: duration("How long the old pods stay after the promotion, ready but without traffic.").default("0s"),
    allowTwoVersions: z
      .boolean()
      .default(false)
      .describe(
        "Canary also Deployments of strategy Recreate, with a ReadWriteOnce claim or with a hostPort, whose two versions the team did not mean to run beside each other.",
      ),
  })
  .describe("The canary's pods.");

export const traffic = z
  .strictObject({
    settle: withRules(
      z.string().min(1).max(32),
      {
        description:
          "How long to wait until every proxy has heard of a change: Auto (from istiod's own metrics in Prometheus, 0.5s to 30s, 5s without data) or a duration.",
      },
      [matching("^(Auto|([0-9]{1,6}m)?([0-9]{1,6}s)?([0-9]{1,8}ms)?)$", "write Auto, or a duration such as 2s or 500ms")],
    ).default("Auto"),
    withoutRoute: z
      .enum(["Mesh", "Replicas", "Deny"])
      .default("Mesh")
      .describe(
        "When no VirtualService routes to the Deployment's Services: Mesh (make one for callers in the mesh), Replicas (split by the number of pods) or Deny (hold the change and say why).",
      ),
  })
  .describe("How traffic is shifted.");

const policyFields = z.strictObject({
  suspend: z
    .boolean()
    .default(false)
    .describe("true: the policy matches nothing. Plans under way are cancelled: traffic goes back to stable."),
  priority: z
    .int()
    .min(-1_000_000)
    .max(1_000_000)
    .default(0)
    .describe("Of several policies that match, the highest priority wins, then the name in byte order."),
  match: match.prefault({}),
  trigger: z
    .enum(["Image", "Template"])
    .default("Image")
    .describe("Image: a change of a matching image starts a canary. Template: any change of the pod template does."),
  steps: z
    .array(step)
    .min(1)
    .max(50)
    .describe("The steps, in order, in the shape of Argo Rollouts' canary steps. After the last one the canary is promoted."),
  analysis: z
    .strictObject({
      startingStep: z.int().min(0).max(50).default(0).describe("Index (from 0) of the step at which the analysis starts."),
      ...analysisFields,
    })
    .optional()
    .describe("Metrics that are measured all along, beside the steps."),
  canary: canary.prefault({}),
  traffic: traffic.prefault({}),
  onFailure: z
    .enum(["Revert", "Hold"])
    .default("Revert")
    .describe(
      "After a rollback: Revert puts the stable template back into the Deployment; Hold leaves the wanted template there, held, served by the stable pods, so that Git sees no drift.",
    ),
  revertAfter: duration(
    "How long the failure stands on the Deployment before Revert, so that `kubectl rollout status`, Helm and Flux can see it.",
  ).default("30s"),
  onNoData: z
    .strictObject({
      after: duration("How long a metric may have no data (an empty result, NaN) before the action.").default("5m"),
      action: z.enum(["Pause", "Fail"]).default("Pause").describe("Pause: wait for data or a person. Fail: roll back."),
    })
    .prefault({})
    .describe("Missing data never passes. This says what else it does."),
  rollbackWindow: z
    .strictObject({
      revisions: z
        .int()
        .min(0)
        .max(100)
        .default(1)
        .describe(
          "How many revisions back are within the window. 1: the one that the present one replaced. 0: none, every change takes the steps.",
        ),
    })
    .prefault({})
    .describe(
      [
        "The quick way back, with Argo Rollouts' meaning: a template that served lately goes straight to weight 100 and is promoted when its pods are ready,",
        "every proxy has heard of it and the counted requests show it, without the steps and without analysis.",
        "The history is what Serin's plans of this Deployment record: each promoted template goes on top of those before it, and going back to one takes off those above it,",
        "so that a version that was fled from takes the steps when it is asked for again.",
        "A template that reached the cluster without a canary (a plan of phase Bypassed) has its place in the history, but is never quick itself before a promotion vouches for it:",
        "its own, or that of the template that came after it. A template whose last plan failed is never quick. What deleted plans recorded is forgotten.",
      ].join(" "),
    ),
  optOut: z
    .enum(["Allow", "Forbid"])
    .default("Allow")
    .describe(
      `Whether a Deployment may opt out with the annotation ${annotations.canary}: "off". Allow: its changes roll out as usual, each recorded as a plan of phase Bypassed. Forbid: the annotation is ignored, with a warning.`,
    ),
  onRepeat: z
    .enum(["Hold", "Deny", "Retry"])
    .default("Hold")
    .describe("The same template again after a rollback: Hold (admitted, held on stable, with a warning), Deny, or Retry (a new canary)."),
  history: z
    .strictObject({
      keep: z.int().min(1).max(1_000).default(20).describe("How many finished plans of a Deployment are kept, the newest ones."),
      for: duration("How long a finished plan is kept; the newest of each Deployment stays.").default("90d"),
    })
    .prefault({})
    .describe(
      "Finished plans beyond either limit are deleted by Serin, which records that it did. The quick way back (rollbackWindow) and onRepeat know only what is kept. `kubectl serin audit export` saves them first.",
    ),
  whenWorkerIsDown: z
    .enum(["Bypass", "Deny"])
    .default("Bypass")
    .describe("When no worker is alive: Bypass admits the change as a plain rollout with a warning, Deny refuses it."),
  notifications,
});

export const policySpec = withRules(policyFields, { description: "What an administrator wants to happen to image changes." }, [
  {
    cel: "self.steps.exists(s, has(s.setWeight) && s.setWeight > 0)",
    holds: (it) => it.steps.some((each) => (each.setWeight ?? 0) > 0),
    message: "steps never give the canary any traffic: add one such as `- setWeight: 30`",
  },
  {
    cel: "!has(self.analysis) || self.analysis.startingStep < self.steps.size()",
    holds: (it) => it.analysis === undefined || it.analysis.startingStep < it.steps.length,
    message: "analysis.startingStep is beyond the last step, so the analysis would never start: write the index of a step, from 0",
  },
]);

export const policyStatus = z
  .strictObject({
    observedGeneration: z.int().optional().describe("The generation that the conditions speak of."),
    conditions: conditions(
      "Accepted: the conditions and queries can be used. Unjudged: some step has no metric in force, so it ends by time alone. Notified: every receiver takes what it is sent.",
      "What Serin thinks of this policy.",
    ),
    notifyTest: z
      .strictObject({
        at: time("When it was asked for: the annotation's value."),
        results: z
          .array(
            z.strictObject({
              receiver: text("Name of the notification.", 63),
              delivered: z.boolean().describe("Whether its receiver took the test."),
              message: text("Why not.", 512).optional(),
            }),
          )
          .max(8)
          .describe("One for each notification."),
      })
      .optional()
      .describe("What came of the last test of its notifications (`kubectl serin notify test`)."),
  })
  .describe("What Serin observed.");

/** A policy's content with all defaults filled in. */
export type PolicySpec = z.output<typeof policySpec>;
export type PolicyStep = PolicySpec["steps"][number];
export type PolicyStatus = z.infer<typeof policyStatus>;

export interface CanaryPolicy {
  apiVersion: typeof apiVersion;
  kind: "CanaryPolicy";
  metadata: {
    name: string;
    uid?: string;
    generation?: number;
    resourceVersion?: string;
    deletionTimestamp?: string;
    annotations?: Record<string, string>;
  };
  spec: PolicySpec;
  status?: PolicyStatus;
}
