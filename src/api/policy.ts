import { z } from "zod";
import { duration, metrics } from "./metric.ts";
import type { apiVersion } from "./names.ts";

const labelValue = z.string().max(63);

const labelSelector = (description: string) =>
  z
    .strictObject({
      matchLabels: z.record(z.string().max(317), labelValue).optional().describe("Labels that must be there with these values."),
      matchExpressions: z
        .array(
          z.strictObject({
            key: z.string().min(1).max(317).describe("The label's key."),
            operator: z.enum(["In", "NotIn", "Exists", "DoesNotExist"]).describe("How the label's value relates to the values."),
            values: z.array(labelValue).max(64).optional().describe("The values, for In and NotIn."),
          }),
        )
        .max(32)
        .optional()
        .describe("Conditions on labels; all must hold."),
    })
    .describe(description);

export const match = z
  .strictObject({
    namespaceSelector: labelSelector(
      "Namespaces by their labels. {} means every namespace that is not a system namespace (kube-system, kube-public, kube-node-lease, istio-system and Serin's own are never touched).",
    ).default({}),
    deploymentSelector: labelSelector("Deployments by their labels. {} means all.").default({}),
    images: z
      .array(z.string().min(1).max(512))
      .max(64)
      .default(["*"])
      .describe(
        "Globs on the image reference as written in the pod template; `*` stands for any characters. A change of a container whose old or new image matches triggers.",
      ),
  })
  .describe("Which image changes this policy is for.");

const pause = z
  .strictObject({
    duration: z
      .union([duration("How long."), z.int().min(0).max(31_536_000)])
      .optional()
      .meta({
        description:
          "How long the plan stays at this weight: 30s, 5m, or a number of seconds. Absent: a gate, the plan waits until a person approves.",
        "x-kubernetes-int-or-string": true,
      }),
  })
  .describe("Stay at this weight for a time, or until a person approves.");

export const analysisStep = z
  .strictObject({ metrics })
  .describe("Measures these metrics and blocks until they end. The plan goes on when they pass and rolls back when they fail.");

export const step = z
  .strictObject({
    setWeight: z.int().min(0).max(100).optional().describe("Percent of the Service's requests that the canary gets."),
    pause: pause.optional(),
    analysis: analysisStep.optional(),
  })
  .meta({
    description: "One step. Exactly one of setWeight, pause and analysis.",
    "x-kubernetes-validations": [
      {
        rule: "[has(self.setWeight), has(self.pause), has(self.analysis)].filter(x, x).size() == 1",
        message: "a step is exactly one of setWeight, pause or analysis: write each as a list item of its own",
      },
    ],
  });

export const canary = z
  .strictObject({
    replicas: z
      .union([z.int().min(1).max(10_000), z.string().regex(/^(Weight|[1-9][0-9]?%|100%)$/)])
      .default("Weight")
      .meta({
        description:
          "How many canary pods: Weight (as many as the weight's share of spec.replicas), a number, or a percentage of spec.replicas.",
        "x-kubernetes-int-or-string": true,
        "x-kubernetes-validations": [
          {
            rule: "type(self) == int ? self >= 1 : self.matches('^(Weight|[1-9][0-9]?%|100%)$')",
            message: 'replicas is Weight, a number from 1, or a percentage like "50%"',
          },
        ],
      }),
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
    settle: z
      .string()
      .max(32)
      .regex(/^(Auto|([0-9]{1,6}m)?([0-9]{1,6}s)?([0-9]{1,8}ms)?)$/)
      .min(1)
      .default("Auto")
      .describe(
        "How long to wait until every proxy has heard of a change: Auto (from istiod's own metrics in Prometheus, 0.5s to 30s, 5s without data) or a duration.",
      ),
    withoutRoute: z
      .enum(["Mesh", "Replicas", "Deny"])
      .default("Mesh")
      .describe(
        "When no VirtualService routes to the Deployment's Services: Mesh (make one for callers in the mesh), Replicas (split by the number of pods) or Deny (hold the change and say why).",
      ),
  })
  .describe("How traffic is shifted.");

export const policySpec = z
  .strictObject({
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
        metrics,
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
    onRepeat: z
      .enum(["Hold", "Deny", "Retry"])
      .default("Hold")
      .describe(
        "The same template again after a rollback: Hold (admitted, held on stable, with a warning), Deny, or Retry (a new canary).",
      ),
    whenWorkerIsDown: z
      .enum(["Bypass", "Deny"])
      .default("Bypass")
      .describe("When no worker is alive: Bypass admits the change as a plain rollout with a warning, Deny refuses it."),
  })
  .meta({
    description: "What an administrator wants to happen to image changes.",
    "x-kubernetes-validations": [
      {
        rule: "self.steps.exists(s, has(s.setWeight) && s.setWeight > 0)",
        message: "steps never give the canary any traffic: add one such as `- setWeight: 30`",
      },
      {
        rule: "!has(self.analysis) || self.analysis.startingStep < self.steps.size()",
        message: "analysis.startingStep is beyond the last step, so the analysis would never start",
      },
    ],
  });

export const policyStatus = z
  .strictObject({
    observedGeneration: z.int().optional().describe("The generation that the conditions speak of."),
    conditions: z
      .array(
        z.strictObject({
          type: z
            .string()
            .describe(
              "Accepted: the conditions and queries can be used. Unjudged: some step has no metric in force, so it ends by time alone.",
            ),
          status: z.enum(["True", "False", "Unknown"]).describe("Whether it holds."),
          observedGeneration: z.int().optional().describe("The generation that this speaks of."),
          lastTransitionTime: z.string().describe("When the status last changed."),
          reason: z.string().describe("The reason in one word."),
          message: z.string().describe("The reason in a sentence."),
        }),
      )
      .optional()
      .describe("What Serin thinks of this policy."),
  })
  .describe("What Serin observed.");

/** A policy's content with all defaults filled in. */
export type PolicySpec = z.output<typeof policySpec>;
export type PolicyStep = PolicySpec["steps"][number];
export type PolicyStatus = z.infer<typeof policyStatus>;

export interface CanaryPolicy {
  apiVersion: typeof apiVersion;
  kind: "CanaryPolicy";
  metadata: { name: string; uid?: string; generation?: number; resourceVersion?: string; deletionTimestamp?: string };
  spec: PolicySpec;
  status?: PolicyStatus;
}
