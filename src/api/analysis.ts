import { z } from "zod";
import { metrics } from "./metric.ts";
import { mostKept } from "./metricStatus.ts";
import { matching, withRules } from "./rule.ts";

/** Without groups and with three quantifiers at most, matching costs at most 63³ steps: nobody's expression can stop the worker. */
const metricNames = withRules(
  z.string().min(1).max(128),
  { description: "Name of a metric, or a regular expression that finds names, as in Argo Rollouts: `latency`, `.*`, `^error-`." },
  [
    matching(
      "^[^*+?(){}]*([*+?][^*+?(){}]*){0,3}$",
      "write a metric's name, or an expression such as latency.* without groups and with at most three of * + ?",
    ),
  ],
);

const dryRun = z
  .array(z.strictObject({ metricName: metricNames }).describe("One name or expression."))
  .max(20)
  .optional()
  .describe("Metrics that are measured and shown, but neither hold the plan nor end it. Each entry must find a metric of this list.");

const measurementRetention = z
  .array(
    z
      .strictObject({
        metricName: metricNames,
        limit: z.int().min(0).max(mostKept).describe("How many of the latest measurements are kept. 0: ten, as without it."),
      })
      .describe("For these metrics."),
  )
  .max(20)
  .optional()
  .describe("How many measurements the plan keeps. Ten where nothing is said. Each entry must find a metric of this list.");

/** What an analysis in the background and one of a step have in common; Argo's AnalysisTemplate pastes in. */
export const analysisFields = { metrics, dryRun, measurementRetention };

const shape = z.strictObject(analysisFields);
export type Analysis = z.infer<typeof shape>;
