import { z } from "zod";
import { builtin } from "./builtin.ts";
import { durationPattern } from "./duration.ts";
import { prometheusProvider } from "./provider.ts";
import { matching, type Rule, withRules } from "./rule.ts";
import { templateRef } from "./templateRef.ts";

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

/** What a metric and a MetricTemplate have in common. */
export const bodyFields = {
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
  provider: z.strictObject({ prometheus: prometheusProvider }).optional().describe("Where the numbers come from."),
  builtin: builtin.optional(),
};

type Body = z.infer<z.ZodObject<typeof bodyFields>>;

/** What holds of both. Without a provider the rest comes from a template, or from the built-in itself. */
export const bodyRules: ReadonlyArray<Rule<Body>> = [
  {
    cel: "!has(self.provider) || has(self.successCondition) || has(self.failureCondition)",
    holds: (it) => it.provider === undefined || it.successCondition !== undefined || it.failureCondition !== undefined,
    message: "a metric without a condition judges nothing: write for example `successCondition: result[0] >= 0.95`, or a failureCondition",
  },
  {
    cel: "!has(self.count) || self.count <= 1 || has(self.interval) || !has(self.provider)",
    holds: (it) => (it.count ?? 0) <= 1 || it.interval !== undefined || it.provider === undefined,
    message: "a count above 1 needs an interval: write for example `interval: 30s`",
  },
  {
    cel: "!(has(self.failureLimit) && self.failureLimit == -1) || (has(self.consecutiveSuccessLimit) && self.consecutiveSuccessLimit > 0) || !has(self.provider)",
    holds: (it) => it.failureLimit !== -1 || (it.consecutiveSuccessLimit ?? 0) > 0 || it.provider === undefined,
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
  {
    cel: "!has(self.builtin) || !(has(self.interval) || has(self.successCondition) || has(self.failureCondition))",
    holds: (it) =>
      it.builtin === undefined || (it.interval === undefined && it.successCondition === undefined && it.failureCondition === undefined),
    message: "a built-in is looked at with every scrape and judges by itself: leave out interval, successCondition and failureCondition",
  },
];

const metricFields = z.strictObject({
  name: withRules(z.string().min(1).max(63), { description: "Name of the metric, unique in its list." }, [
    matching("^[a-zA-Z0-9]([-_.a-zA-Z0-9]*[a-zA-Z0-9])?$", "write a name of letters, digits, '-', '_' and '.', such as success-rate"),
  ]),
  ...bodyFields,
  templateRef: templateRef.optional(),
});

/** One metric, in the shape of Argo Rollouts' AnalysisTemplate metrics, so that they paste in. */
export const metric = withRules(metricFields, { description: "What is measured, how often, and what is good enough." }, [
  {
    cel: "[has(self.provider), has(self.builtin), has(self.templateRef)].filter(x, x).size() == 1",
    holds: (it) => [it.provider, it.builtin, it.templateRef].filter((each) => each !== undefined).length === 1,
    message: "a metric is exactly one of provider, builtin and templateRef: write for example `builtin: {successRate: {}}`",
  },
  ...bodyRules,
]);

/** A list of metrics, keyed by name. */
export const metrics = z
  .array(metric)
  .min(1)
  .max(20)
  .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, "two metrics of one name: each needs its own")
  .meta({
    description: "The metrics; the worst one decides.",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
  });

export type Metric = z.infer<typeof metric>;
