import type { Analysis } from "../../api/analysis.ts";
import type { Metric } from "../../api/metric.ts";
import type { PolicySpec } from "../../api/policy.ts";
import { type NameRules, rulesFor, rulesThatFindNothing } from "./nameRule.ts";

/** Which metrics judge which step (design §8, table W5 of research/peers.md §4a). */

/** A metric that is in force, and where its status belongs. */
export interface InForce extends NameRules {
  readonly metric: Metric;
  /** Index of the analysis step it was written in; absent for background metrics, as in MetricStatus. */
  readonly step?: number;
  /** Why its analysis can't be carried out at all: it ends in Error before anything is measured. */
  readonly invalid?: string;
}

type Judging = Pick<PolicySpec, "steps" | "analysis">;

/**
 * The metrics in force at a step: the background ones from `startingStep` on, then the inline ones of an analysis step. An index behind the
 * last step (before the promotion) has the background metrics only.
 */
export function metricsInForce({ steps, analysis }: Judging, stepIndex: number): InForce[] {
  const background = analysis !== undefined && stepIndex >= (analysis.startingStep ?? 0) ? metricsOf(analysis) : [];
  const inline = steps[stepIndex]?.analysis;
  return [...background, ...(inline === undefined ? [] : metricsOf(inline, stepIndex))];
}

function metricsOf(analysis: Analysis, step?: number): InForce[] {
  const [invalid] = rulesThatFindNothing(analysis);
  return analysis.metrics.map((metric) => ({
    metric,
    ...rulesFor(analysis, metric.name),
    ...(step !== undefined && { step }),
    ...(invalid !== undefined && { invalid }),
  }));
}

/**
 * The steps that give the canary traffic and end by time alone, because no metric is in force; for the policy's condition `Unjudged`.
 * A dry run judges nothing. Not meant: a gate (a person decides), a pause while the weight is still 0, and a setWeight whose next step is a
 * pause or an analysis at the same weight (that one is looked at instead).
 */
export function unjudgedSteps(policy: Judging): number[] {
  const unjudged: number[] = [];
  let weight = 0;
  policy.steps.forEach((step, index) => {
    weight = step.setWeight ?? weight;
    if (weight > 0 && endsByTime(policy, index) && !metricsInForce(policy, index).some(({ dryRun }) => !dryRun)) unjudged.push(index);
  });
  return unjudged;
}

function endsByTime({ steps }: Judging, index: number): boolean {
  const step = steps[index];
  if (step?.pause) return step.pause.duration !== undefined;
  if (step?.setWeight === undefined) return false;
  const next = steps[index + 1];
  return next?.pause === undefined && next?.analysis === undefined;
}
