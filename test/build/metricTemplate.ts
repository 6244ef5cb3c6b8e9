import type { z } from "zod";
import type { MetricTemplate, metricTemplateSpec } from "../../src/api/metricTemplate.ts";
import { apiVersion } from "../../src/api/names.ts";
import { parseMetricTemplate } from "../../src/api/parse.ts";

export type MetricTemplateInput = z.input<typeof metricTemplateSpec>;

/** A success rate of at least `min`, over `window`, of `job`, which has no default. @throws when the result is no valid template */
export function aMetricTemplate(fields: Partial<MetricTemplateInput["metric"]> = {}, args?: MetricTemplateInput["args"]): MetricTemplate {
  const spec: MetricTemplateInput = {
    args: args ?? [
      { name: "min", type: "Number", default: "0.95" },
      { name: "window", type: "Duration", default: "1m" },
      { name: "job", type: "String" },
    ],
    metric: {
      interval: "10s",
      failureLimit: 1,
      successCondition: "result[0] >= {{args.min}}",
      provider: { prometheus: { query: 'rate(good{job="{{args.job}}",ns="{{args.namespace}}"}[{{args.window}}])' } },
      ...fields,
    },
  };
  const { template, error } = parseMetricTemplate({ apiVersion, kind: "MetricTemplate", metadata: { name: "rate" }, spec });
  if (error !== undefined) throw new Error(error);
  return template;
}
