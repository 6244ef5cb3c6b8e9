import type { MetricStatus } from "../../api/metricStatus.ts";
import { mostMetrics } from "../../api/plan.ts";
import { builtinsIn, judgeCounts } from "../analysis/builtin/judgeCounts.ts";
import { judge as judgeAnswer } from "../analysis/condition.ts";
import type { InForce } from "../analysis/inForce.ts";
import { begin, record, toMeasurement } from "../analysis/run.ts";
import { unresolved } from "../analysis/templates.ts";
import type { Draft } from "./draft.ts";
import type { Look } from "./look.ts";
import { wayOf } from "./routes.ts";
import { type Answered, metricKey } from "./snapshot.ts";

/** Begins the metrics that come into force, and takes in what Prometheus answered. A verdict belongs to its metric, its step and its weight. */
export function takeIn(look: Look, draft: Draft, inForce: readonly InForce[]): void {
  for (const each of inForce) {
    if (statusOf(draft, each)) continue;
    const invalid = each.invalid ?? unresolved(each.metric, look.snapshot.templates);
    setStatus(draft, begin(each.metric, { ...each, now: draft.now, ...(invalid !== undefined && { invalid }) }));
  }
  for (const answered of look.snapshot.answers) {
    const asked = inForce.find(({ metric, step }) => metricKey(metric.name, step) === answered.key);
    const before = asked && statusOf(draft, asked);
    if (!asked || !before || !isOfRun(answered, before)) continue;
    setStatus(draft, taken(look, draft, asked, before, answered));
  }
}

function taken(look: Look, draft: Draft, { metric, retention }: InForce, before: MetricStatus, answered: Answered): MetricStatus {
  const { answer, closing, weight } = answered;
  if (answer.kind !== "counts") return record(metric, before, toMeasurement(judgeAnswer(metric, answer), answered), { closing, retention });
  const { builtin } = metric;
  if (builtin === undefined) return before;
  const { counted, judgement, early } = judgeCounts({ ...metric, builtin }, before, answer, {
    weight,
    weightChangedAt: weightChangedAt(look, draft),
    at: answered.finishedAt,
    builtins: builtinsIn(look.policy),
  });
  const after = { ...before, counted };
  return judgement === undefined ? after : record(metric, after, toMeasurement(judgement, answered), { closing, early, retention });
}

/**
 * A late answer, of a step that is over or of a run before this one, says nothing about this one. What was counted began with the last scrape before
 * the run.
 */
const isOfRun = ({ run, startedAt }: Answered, status: MetricStatus): boolean =>
  run === undefined ? startedAt >= Date.parse(status.startedAt) : run === status.startedAt;

/** When the weight now in force was set: what was measured before speaks of another one. */
export const weightChangedAt = (look: Look, draft: Draft): number =>
  wayOf(look) === "routes" ? look.snapshot.trafficChangedAt : Date.parse(draft.status.weight?.changedAt ?? draft.time);

export const statusOf = (draft: Draft, { metric, step }: InForce): MetricStatus | undefined =>
  draft.status.metrics?.find((status) => status.name === metric.name && status.step === step);

/** Those of the earliest analysis steps go first: their verdicts are in the journal. At most forty are in force at a time. */
function setStatus(draft: Draft, next: MetricStatus): void {
  const others = (draft.status.metrics ?? []).filter((status) => status.name !== next.name || status.step !== next.step);
  const all = [...others, next].sort((a, b) => (a.step ?? -1) - (b.step ?? -1) || (a.name < b.name ? -1 : 1));
  const past = all.filter(({ step }) => step !== undefined && step < (draft.status.step?.index ?? 0));
  const forgotten = new Set(past.slice(0, Math.max(0, all.length - mostMetrics)));
  draft.status.metrics = all.filter((status) => !forgotten.has(status));
}
