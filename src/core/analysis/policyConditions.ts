import type { Metric } from "../../api/metric.ts";
import type { CanaryPolicy, PolicyStatus } from "../../api/policy.ts";
import { notified, type Told } from "../notify/notified.ts";
import { unjudgedSteps } from "./inForce.ts";
import { metricTroubles, placeIn, type Rule, type Trouble, usualScrapeMs } from "./metricTroubles.ts";
import { rulesThatFindNothing } from "./nameRule.ts";
import { resolveMetric, type Templates } from "./templates.ts";

type Condition = NonNullable<PolicyStatus["conditions"]>[number];
type Said = Pick<Condition, "type" | "status" | "reason" | "message">;

/**
 * What Serin thinks of a policy, for its status: whether conditions and queries can be used at all, whether some step ends by time alone, and whether those
 * who are to be told can be.
 * A condition that stays as it was keeps its transition time, so the same policy gives the same status.
 */
export function policyConditions(
  { metadata, spec, status }: CanaryPolicy,
  now: string,
  templates: Templates = () => undefined,
  { states, test = status?.notifyTest }: Told = { states: [] },
): PolicyStatus {
  const generation = metadata.generation ?? 0;
  const said = (type: string) => status?.conditions?.find((condition) => condition.type === type);
  const told = notified(spec.notifications, states, said("Notified"));
  const conditions = [accepted(spec, templates), unjudged(spec), ...(told ? [told] : [])].map((each): Condition => {
    const { type, status: value, reason, message } = each;
    const before = said(type);
    const lastTransitionTime = before?.status === value ? before.lastTransitionTime : now;
    return { type, status: value, reason, message: message.slice(0, 2048), observedGeneration: generation, lastTransitionTime };
  });
  return { observedGeneration: generation, conditions, ...(test === undefined ? {} : { notifyTest: test }) };
}

function accepted(spec: CanaryPolicy["spec"], templates: Templates): Said {
  const metrics = [...(spec.analysis?.metrics ?? []), ...spec.steps.flatMap((step) => step.analysis?.metrics ?? [])];
  const analyses = [spec.analysis, ...spec.steps.map((step) => step.analysis)].filter((each) => each !== undefined);
  const found = metrics.map((metric) => troublesOf(metric, templates));
  const troubles = [...found.flatMap(({ errors }) => errors), ...analyses.flatMap(rulesThatFindNothing)];
  const doubts = found.flatMap(({ warnings }) => warnings);
  const counted = `${spec.steps.length} steps, ${metrics.length} ${metrics.length === 1 ? "metric" : "metrics"}`;
  return troubles.length === 0
    ? { type: "Accepted", status: "True", reason: "Usable", message: [counted, ...doubts].join("; ") }
    : { type: "Accepted", status: "False", reason: "NotUsable", message: `${troubles.join("; ")}. Canaries under it roll back` };
}

/** What is wrong with a metric for sure, and what is if Prometheus scrapes as seldom as usual. */
function troublesOf(written: Metric, templates: Templates): { errors: string[]; warnings: string[] } {
  const resolved = resolveMetric(written, templates);
  if ("error" in resolved) return { errors: [`metric ${written.name}: ${resolved.error}`], warnings: [] };
  const troubles = metricTroubles(resolved.metric, usualScrapeMs);
  const told = (wanted: (rule: Rule) => boolean): string[] =>
    troubles.filter(({ rule }) => wanted(rule)).map((trouble) => `metric ${written.name}: ${inWords(resolved.metric, trouble)}`);
  return { errors: told((rule) => rule !== "short-range"), warnings: told((rule) => rule === "short-range") };
}

function inWords(metric: Metric, { path: [field], at, message }: Trouble): string {
  const text = field === "provider" ? (metric.provider?.prometheus.query ?? "") : (metric[field] ?? "");
  const { line, column } = placeIn(text, at);
  return field === "provider" ? `query, line ${line}, column ${column}: ${message}` : `${field} ${text}, column ${column}: ${message}`;
}

function unjudged(spec: CanaryPolicy["spec"]): Said {
  const steps = unjudgedSteps(spec).map((index) => index + 1);
  if (steps.length === 0)
    return { type: "Unjudged", status: "False", reason: "Judged", message: "every step with traffic ends with a pass or a person" };
  const which = `${steps.length === 1 ? "step" : "steps"} ${steps.join(", ")} of ${spec.steps.length}`;
  const message = `${which}: traffic for the canary and no metric in force, so time alone ends it. Add spec.analysis, or an earlier startingStep`;
  return { type: "Unjudged", status: "True", reason: "EndsByTime", message };
}
