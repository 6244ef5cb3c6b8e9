import { z } from "zod";
import { durationPattern } from "./duration.ts";
import { matching, withRules } from "./rule.ts";

export const durationMessage = "write a duration as whole numbers with units, such as 30s, 1m, 1h30m or 500ms";

const isDuration = matching(durationPattern, durationMessage);
const durationRule = {
  ...isDuration,
  cel: `self != '' && ${isDuration.cel}`,
  holds: (text: string) => text !== "" && isDuration.holds(text),
};
const notZero = matching("[1-9]|^$", "0 would measure without a pause: write an interval such as 30s");

/** A duration field with its description. */
export const duration = (description: string) => withRules(z.string().max(32), { description }, [durationRule]);

const count = (description: string) => z.int().min(0).max(1_000_000).describe(description);

/** `provider.prometheus`: one instant query. */
export const prometheusProvider = z
  .strictObject({
    address: withRules(
      z.string().max(2048),
      {
        description:
          "URL of the Prometheus server, without user or password. Serin's own default when absent. Only an administrator can write a policy, so no tenant names an address.",
      },
      [
        matching(
          "^https?://[^ \\t/@?#]+(/[^ \\t@?#]*)?$",
          "write an address such as http://prometheus.istio-system:9090, without user, password or query",
        ),
      ],
    ).optional(),
    query: z
      .string()
      .min(1)
      .max(8192)
      .describe(
        "PromQL, an instant query. These placeholders are replaced by escaped values: {{args.namespace}}, {{args.deployment}}, {{args.service}} (the first Service of the Deployment), {{args.canary-hash}} and {{args.stable-hash}} (the pod-template-hash of each revision, which Istio's metrics carry as destination_canonical_revision).",
      ),
    timeout: withRules(z.string().max(32), { description: "How long one query may take: 5s when absent, at most 30s." }, [
      matching("^(([1-9]|[12][0-9]|30)s|[1-9][0-9]{0,3}ms|[12][0-9]{4}ms)$", "write a timeout from 1ms to 30s, such as 5s"),
    ]).optional(),
  })
  .describe("Asks a Prometheus server.");

const metricFields = z.strictObject({
  name: withRules(z.string().min(1).max(63), { description: "Name of the metric, unique in its list." }, [
    matching("^[a-zA-Z0-9]([-_.a-zA-Z0-9]*[a-zA-Z0-9])?$", "write a name of letters, digits, '-', '_' and '.', such as success-rate"),
  ]),
  interval: withRules(
    z.string().max(32),
    {
      description:
        "Time between measurements, counted from the end of one to the start of the next. Without it (and without count) the metric is measured once.",
    },
    [durationRule, notZero],
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
});

/** One metric, in the shape of Argo Rollouts' AnalysisTemplate metrics, so that they paste in. */
export const metric = withRules(metricFields, { description: "What is measured, how often, and what is good enough." }, [
  {
    cel: "has(self.successCondition) || has(self.failureCondition)",
    holds: (it) => it.successCondition !== undefined || it.failureCondition !== undefined,
    message: "a metric without a condition judges nothing: write for example `successCondition: result[0] >= 0.95`, or a failureCondition",
  },
  {
    cel: "!has(self.count) || self.count <= 1 || has(self.interval)",
    holds: (it) => (it.count ?? 0) <= 1 || it.interval !== undefined,
    message: "a count above 1 needs an interval: write for example `interval: 30s`",
  },
  {
    cel: "!(has(self.failureLimit) && self.failureLimit == -1) || (has(self.consecutiveSuccessLimit) && self.consecutiveSuccessLimit > 0)",
    holds: (it) => it.failureLimit !== -1 || (it.consecutiveSuccessLimit ?? 0) > 0,
    message:
      "failureLimit -1 never fails the metric, so it needs something that can pass it: write for example `consecutiveSuccessLimit: 3`",
  },
  {
    cel: "!has(self.count) || self.count == 0 || self.count >= (has(self.failureLimit) && self.failureLimit > 0 ? self.failureLimit : 0) + (has(self.consecutiveSuccessLimit) ? self.consecutiveSuccessLimit : 0)",
    holds: (it) => !it.count || it.count >= Math.max(0, it.failureLimit ?? 0) + (it.consecutiveSuccessLimit ?? 0),
    message: "count must be at least failureLimit + consecutiveSuccessLimit, else the metric ends before either can be reached",
  },
  {
    cel: "!has(self.count) || self.count == 0 || !has(self.inconclusiveLimit) || self.count >= self.inconclusiveLimit",
    holds: (it) => !it.count || it.count >= (it.inconclusiveLimit ?? 0),
    message: "count must be at least inconclusiveLimit, else that limit can never be reached",
  },
]);

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
