import type { MetricStatus } from "../../api/metricStatus.ts";
import { type CanaryPlan, isLive } from "../../api/plan.ts";
import type { PolicyStep } from "../../api/policy.ts";
import { builtinInWords } from "../../core/analysis/builtin/inWords.ts";
import { ageSince } from "../age.ts";
import type { Scene } from "../scene.ts";
import { stepInWords } from "../step.ts";
import { routeRows } from "./routeRows.ts";
import { type Info, type Look, planStatus, type Row, type Status, text } from "./row.ts";

/** The plan → its steps, its metrics, its routes. */
export function planRow(scene: Scene, plan: CanaryPlan, now: number): Row {
  const { policy, request } = plan.spec;
  return {
    icon: "CanaryPlan",
    name: plan.metadata.name,
    kind: "CanaryPlan",
    status: planStatus(plan),
    age: ageSince(plan.metadata.creationTimestamp, now),
    info: [
      ...(policy === undefined ? [] : [text(`policy:${policy.name}`)]),
      ...(request === undefined ? [] : [text(`by:${request.user}`)]),
    ],
    children: [
      ...(policy?.spec.steps ?? []).map((step, index) => stepRow(plan, step, index, now)),
      ...(plan.status?.metrics ?? []).map((metric) => metricRow(plan, metric, now)),
      ...routeRows(scene, plan, now),
    ],
  };
}

function stepRow(plan: CanaryPlan, step: PolicyStep, index: number, now: number): Row {
  const current = (plan.status?.step?.index ?? 0) === index;
  const approval = plan.status?.approvals?.find((each) => each.step === index);
  return {
    icon: "Step",
    name: `${index + 1} ${stepInWords(step)}`,
    kind: "Step",
    status: stepStatus(plan, step, index),
    age: current && isLive(plan) ? ageSince(plan.status?.step?.startedAt, now) : "",
    info: approval === undefined ? [] : [text(`approved by ${approval.by}`, "ok")],
    children: [],
  };
}

/** Steps before the current one are done; the current one says how the plan stands; those after it come, or were never reached. */
function stepStatus(plan: CanaryPlan, step: PolicyStep, index: number): Status {
  const at = plan.status?.step?.index ?? 0;
  const phase = plan.status?.phase ?? "Preparing";
  if (index < at) return { look: "ok", word: "Done" };
  const goesOn = phase === "Preparing" || phase === "Progressing" || phase === "Paused";
  if (index > at) return { look: "neutral", word: goesOn ? "Pending" : "Skipped" };
  if (phase === "Preparing") return { look: "neutral", word: "Pending" };
  if (phase === "Paused") return { look: "paused", word: "Paused" };
  if (phase === "Progressing")
    return step.pause && step.pause.duration !== undefined
      ? { look: "waiting", word: "Waiting" }
      : { look: "progressing", word: "Running" };
  if (phase === "RollingBack" || phase === "RolledBack" || phase === "Held") return { look: "bad", word: "Failed" };
  return { look: "neutral", word: phase === "Promoting" || phase === "Promoted" ? "Skipped" : "Stopped" };
}

const metricLooks: Record<MetricStatus["phase"], Look> = {
  Pending: "waiting",
  Running: "progressing",
  Successful: "ok",
  Failed: "bad",
  Inconclusive: "unknown",
  Error: "warning",
};

function metricRow(plan: CanaryPlan, metric: MetricStatus, now: number): Row {
  const last = metric.measurements.at(-1);
  const condition = conditionOf(plan, metric);
  return {
    icon: "Metric",
    name: metric.name,
    kind: "Metric",
    status: { look: metricLooks[metric.phase], word: metric.phase },
    age: ageSince(metric.startedAt, now),
    info: [
      countsOf(metric),
      ...(last?.value === undefined ? [] : [text(`last:${last.value}`, last.verdict === "fail" ? "bad" : undefined)]),
      ...(condition === undefined ? [] : [text(condition)]),
      ...(metric.dryRun ? [text("dry run")] : []),
    ],
    children: [],
  };
}

function countsOf(metric: MetricStatus): Info {
  const counts: Array<[Look, number]> = [
    ["ok", metric.successful],
    ["bad", metric.failed],
    ["unknown", metric.inconclusive],
    ["warning", metric.errors],
    ["waiting", metric.noData],
  ];
  return { is: "counts", counts: counts.filter(([, count]) => count > 0) };
}

/** What the policy asks of this metric: `result[0] >= 0.95`, `p99 ≤ 500ms`, or `not (…)` for a failureCondition alone. */
function conditionOf({ spec }: CanaryPlan, { name, step }: MetricStatus): string | undefined {
  const policy = spec.policy?.spec;
  const list = step === undefined ? policy?.analysis?.metrics : policy?.steps[step]?.analysis?.metrics;
  const metric = list?.find((each) => each.name === name);
  if (metric?.builtin !== undefined) return builtinInWords(metric.builtin);
  if (metric?.successCondition !== undefined) return metric.successCondition;
  return metric?.failureCondition === undefined ? undefined : `not (${metric.failureCondition})`;
}
