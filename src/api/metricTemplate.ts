import { z } from "zod";
import { durationPattern } from "./duration.ts";
import { bodyFields, bodyRules } from "./metric.ts";
import type { apiVersion } from "./names.ts";
import { matching, withRules } from "./rule.ts";

/** What Serin itself fills into a query; see `core/analysis/query.ts`. */
export const givenArgs = ["namespace", "deployment", "service", "canary-hash", "stable-hash"] as const;

/** A number as a query and a condition take it. */
export const numberPattern = "^-?[0-9]{1,18}([.][0-9]{1,18})?([eE][+-]?[0-9]{1,3})?$";

const argFields = z.strictObject({
  name: withRules(z.string().min(1).max(63), { description: "Its name; the query says {{args.NAME}}." }, [
    matching("^[a-zA-Z0-9]([-_.a-zA-Z0-9]*[a-zA-Z0-9])?$", "write a name of letters, digits, '-', '_' and '.', such as threshold"),
    {
      cel: `!(self in ['${givenArgs.join("', '")}'])`,
      holds: (name) => !(givenArgs as readonly string[]).includes(name),
      message: `Serin itself fills in ${givenArgs.join(", ")}: take another name`,
    },
  ]),
  type: z
    .enum(["String", "Number", "Duration"])
    .default("String")
    .describe("String: filled in as the inside of a quoted text, escaped. Number. Duration: 5m; in a condition its seconds."),
  default: z.string().max(1024).optional().describe("Its value where a policy gives none. Without it every policy must give one."),
  description: z.string().max(1024).optional().describe("What it is for."),
});

/** What doesn't fit the type would be an error of every policy that relies on it. */
const arg = withRules(argFields, { description: "An argument." }, [
  {
    cel: `!has(self.default) || self.type != 'Number' || self.default.matches('${numberPattern}')`,
    holds: (it) => it.default === undefined || it.type !== "Number" || new RegExp(numberPattern).test(it.default),
    message: 'the default is no number: write one such as "0.95"',
  },
  {
    cel: `!has(self.default) || self.type != 'Duration' || (self.default != '' && self.default.matches('${durationPattern}'))`,
    holds: (it) =>
      it.default === undefined || it.type !== "Duration" || (it.default !== "" && new RegExp(durationPattern).test(it.default)),
    message: "the default is no duration: write one such as 5m",
  },
]);

const body = withRules(
  z.strictObject(bodyFields),
  { description: "The metric. {{args.NAME}} in its query and conditions stands for an argument." },
  [
    {
      cel: "has(self.provider) != has(self.builtin)",
      holds: (it) => (it.provider === undefined) !== (it.builtin === undefined),
      message: "a template's metric is exactly one of provider and builtin",
    },
    ...bodyRules,
  ],
);

export const metricTemplateSpec = z
  .strictObject({
    args: z
      .array(arg)
      .max(20)
      .optional()
      .meta({
        description: "Its arguments.",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
      }),
    metric: body,
  })
  .describe("A metric that several policies use.");

export type MetricTemplateSpec = z.output<typeof metricTemplateSpec>;
export type TemplateArg = NonNullable<MetricTemplateSpec["args"]>[number];

export interface MetricTemplate {
  apiVersion: typeof apiVersion;
  kind: "MetricTemplate";
  metadata: { name: string; uid?: string; generation?: number; resourceVersion?: string; deletionTimestamp?: string };
  spec: MetricTemplateSpec;
}
