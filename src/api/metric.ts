import { z } from "zod";
import { durationPattern } from "./duration.ts";

/** A duration field with its description. */
export const duration = (description: string) => z.string().max(32).regex(new RegExp(durationPattern)).min(1).describe(description);

const count = (description: string) => z.int().min(0).max(1_000_000).describe(description);

/** `provider.prometheus`: one instant query. */
export const prometheusProvider = z
  .strictObject({
    address: z
      .string()
      .max(2048)
      .regex(/^https?:\/\/[^\s/@]+(\/[^\s@]*)?$/)
      .optional()
      .describe(
        "URL of the Prometheus server, without user or password. Serin's own default when absent. Only an administrator can write a policy, so no tenant names an address.",
      ),
    query: z
      .string()
      .min(1)
      .max(8192)
      .describe(
        "PromQL, an instant query. These placeholders are replaced by escaped values: {{args.namespace}}, {{args.deployment}}, {{args.service}} (the first Service of the Deployment), {{args.canary-hash}} and {{args.stable-hash}} (the pod-template-hash of each revision, which Istio's metrics carry as destination_canonical_revision).",
      ),
    timeout: duration("How long one query may take: 5s when absent, at most 30s.").optional(),
  })
  .describe("Asks a Prometheus server.");

/** One metric, in the shape of Argo Rollouts' AnalysisTemplate metrics, so that they paste in. */
export const metric = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(63)
      .regex(/^[a-zA-Z0-9]([-_.a-zA-Z0-9]*[a-zA-Z0-9])?$/)
      .describe("Name of the metric, unique in its list."),
    interval: duration(
      "Time between measurements, counted from the end of one to the start of the next. Without it (and without count) the metric is measured once.",
    ).optional(),
    initialDelay: duration("Time from the start of the analysis to the first measurement.").optional(),
    count: count("How many measurements, errors not counted. Absent or 0: once without interval, else until the plan ends.").optional(),
    failureLimit: z
      .int()
      .min(-1)
      .max(1_000_000)
      .optional()
      .describe("How many failed measurements are forgiven; the next one fails the metric. Default 0; -1 forgives all."),
    inconclusiveLimit: count("How many inconclusive measurements are forgiven. Default 0.").optional(),
    consecutiveErrorLimit: count(
      "How many errors in a row (Prometheus out of reach, a condition that can't be evaluated) are forgiven. Default 4.",
    ).optional(),
    consecutiveSuccessLimit: count("So many passes in a row end the metric successfully. 0 (the default) means off.").optional(),
    successCondition: z
      .string()
      .min(1)
      .max(4096)
      .optional()
      .describe("CEL over `result`, a list of numbers: `result[0] >= 0.95`. isNaN, isInf, default, asInt and asFloat are known."),
    failureCondition: z
      .string()
      .min(1)
      .max(4096)
      .optional()
      .describe("CEL over `result` that means failure. With both conditions and neither true the measurement is inconclusive."),
    provider: z.strictObject({ prometheus: prometheusProvider }).describe("Where the numbers come from."),
  })
  .meta({
    description: "What is measured, how often, and what is good enough.",
    "x-kubernetes-validations": [
      {
        rule: "!has(self.count) || self.count <= 1 || has(self.interval)",
        message: "a count above 1 needs an interval: write for example `interval: 30s`",
      },
      {
        rule: "!(has(self.failureLimit) && self.failureLimit == -1) || (has(self.consecutiveSuccessLimit) && self.consecutiveSuccessLimit > 0)",
        message: "failureLimit -1 never fails the metric, so it needs a consecutiveSuccessLimit above 0 that can pass it",
      },
      {
        rule: "!has(self.count) || self.count == 0 || self.count >= (has(self.failureLimit) && self.failureLimit > 0 ? self.failureLimit : 0) + (has(self.consecutiveSuccessLimit) ? self.consecutiveSuccessLimit : 0)",
        message: "count must be at least failureLimit + consecutiveSuccessLimit, else the metric ends before either can be reached",
      },
      {
        rule: "!has(self.count) || self.count == 0 || !has(self.inconclusiveLimit) || self.count >= self.inconclusiveLimit",
        message: "count must be at least inconclusiveLimit",
      },
    ],
  });

/** A list of metrics, keyed by name. */
export const metrics = z
  .array(metric)
  .min(1)
  .max(20)
  .meta({
    description: "The metrics; the worst one decides.",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
  });

export type Metric = z.infer<typeof metric>;
