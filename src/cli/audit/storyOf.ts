import { formatDuration } from "../../api/duration.ts";
import type { MetricStatus } from "../../api/metricStatus.ts";
import { askedIn, type CanaryPlan } from "../../api/plan.ts";
import { printable } from "../cut.ts";
import { stepInWords } from "../step.ts";
import { decisionsOf } from "./auditRow.ts";

/** One plan as a story in plain sentences: who asked for what, each decision with its numbers, what was measured, who decided, how it ended. */
export const storyOf = (plan: CanaryPlan): string[] =>
  [
    ...beginning(plan),
    ...block("What happened", journal(plan)),
    ...block("What was measured", measured(plan)),
    ...block("Who decided", decisionsOf(plan)),
    ...ending(plan),
  ].map(printable);

function beginning(plan: CanaryPlan): string[] {
  const { metadata, spec } = plan;
  const { policy, stable, canary } = spec;
  const request = askedIn(plan);
  const change = `${spec.deployment.name} in ${metadata.namespace}: ${stable.images.join(", ")} → ${canary.images.join(", ")} (plan ${metadata.name})`;
  const who = request
    ? `${request.user} (${request.groups.length > 0 ? `of ${request.groups.join(", ")}; ` : ""}with ${request.fieldManager ?? "an unknown tool"}) asked for it at ${request.at}, in request ${request.uid}.`
    : "Nobody asked Serin: the change came without a canary.";
  const overwritten = (spec.overwritten ?? []).map(
    ({ user, at, uid }) => `It replaced what ${user} had asked for at ${at}, in request ${uid}, before that had a record of its own.`,
  );
  const rules = policy
    ? [
        `Policy ${policy.name} in generation ${policy.generation}: ${policy.spec.steps.map(stepInWords).join(" → ")} → promote${metricsInWords(policy.spec.analysis?.metrics ?? [])}.`,
      ]
    : [spec.request ? "No policy was in force any more." : "What its policy said then is not known any more."];
  return [change, "", who, ...overwritten, ...rules];
}

const metricsInWords = (metrics: ReadonlyArray<{ name: string }>): string =>
  metrics.length === 0 ? "" : `, with ${metrics.map(({ name }) => name).join(", ")} measured all along`;

const block = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ["", `${title}:`, ...lines.map((line) => `  ${line}`)];

function journal({ status }: CanaryPlan): string[] {
  const entries = status?.journal ?? [];
  const width = Math.max(0, ...entries.map(({ reason }) => reason.length));
  return entries.map(({ at, reason, message }) => `${at}  ${reason.padEnd(width)}  ${message}`);
}

const measured = ({ status }: CanaryPlan): string[] => (status?.metrics ?? []).flatMap(metricInWords);

function metricInWords(metric: MetricStatus): string[] {
  const { name, step, phase, message, successful, failed, inconclusive, errors, noData } = metric;
  const where = step === undefined ? "" : ` of step ${step + 1}`;
  const why = message === undefined ? "" : `: ${message}`;
  const counts = `${successful} passed, ${failed} failed, ${inconclusive} inconclusive, ${noData} without data, ${errors} errors`;
  return [
    `${name}${where} ended ${phase}${why} (${counts})`,
    ...metric.measurements.map(({ finishedAt, verdict, weight, value, message: said, counted }) => {
      const number = value === undefined ? "" : ` ${value}`;
      return `  ${finishedAt}  ${verdict}${number} at weight ${weight}${counted ? "" : ", not counted"}: ${said}`;
    }),
  ];
}

function ending({ status }: CanaryPlan): string[] {
  if (!status) return ["", "Nothing has been decided yet."];
  const { phase, reason, message, startedAt, finishedAt, seal } = status;
  if (finishedAt === undefined) return ["", `It is ${phase} (${reason}): ${message}.`];
  const lasted = Date.parse(finishedAt) - Date.parse(startedAt ?? finishedAt);
  const weight =
    status.weight?.observed === undefined
      ? ""
      : ` The last count was ${status.weight.observed}% of ${status.weight.requests ?? 0} requests for the canary.`;
  const sealed = seal
    ? `Seal ${seal.number} of ${seal.at}, by key ${seal.key}, covers it and its ${seal.entries} entries; kubectl serin audit verify checks it.`
    : "It has no seal: nothing vouches for this record.";
  return ["", `It ended ${phase} at ${finishedAt} after ${formatDuration(lasted)} (${reason}): ${message}.${weight}`, sealed];
}
