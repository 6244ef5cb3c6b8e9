import type { Metric } from "../../api/metric.ts";
import type { CanaryPolicy, PolicyStatus } from "../../api/policy.ts";
import { compileCondition } from "./condition.ts";
import { unjudgedSteps } from "./inForce.ts";
import { rulesThatFindNothing } from "./nameRule.ts";
import { renderQuery } from "./query.ts";

import { resolveMetric, type Templates } from "./templates.ts";

type Condition = NonNullable<PolicyStatus["conditions"]>[number];
type Said = Pick<Condition, "type" | "status" | "reason" | "message">;

/**
 * What Serin thinks of a policy, for its status: whether conditions and queries can be used at all, and whether some step ends by time alone.
 * A condition that stays as it was keeps its transition time, so the same policy gives the same status.
 */
export function policyConditions(
  { metadata, spec, status }: CanaryPolicy,
  now: string,
  templates: Templates = () => undefined,
): PolicyStatus {
  const generation = metadata.generation ?? 0;
  const conditions = [accepted(spec, templates), unjudged(spec)].map((said): Condition => {
    const before = status?.conditions?.find(({ type }) => type === said.type);
    const lastTransitionTime = before?.status === said.status ? before.lastTransitionTime : now;
    return { ...said, message: said.message.slice(0, 2048), observedGeneration: generation, lastTransitionTime };
  });
  return { observedGeneration: generation, conditions };
}

function accepted(spec: CanaryPolicy["spec"], templates: Templates): Said {
  const metrics = [...(spec.analysis?.metrics ?? []), ...spec.steps.flatMap((step) => step.analysis?.metrics ?? [])];
  const analyses = [spec.analysis, ...spec.steps.map((step) => step.analysis)].filter((each) => each !== undefined);
  const troubles = [...metrics.flatMap((metric) => troublesOf(metric, templates)), ...analyses.flatMap(rulesThatFindNothing)];
  const counted = `${spec.steps.length} steps, ${metrics.length} ${metrics.length === 1 ? "metric" : "metrics"}`;
  return troubles.length === 0
    ? { type: "Accepted", status: "True", reason: "Usable", message: counted }
    : { type: "Accepted", status: "False", reason: "NotUsable", message: `${troubles.join("; ")}. Canaries under it roll back` };
}

/** Any names do for a look at the placeholders; whether a Service is there depends on the Deployment. */
const anyNames = { namespace: "n", deployment: "d", service: "s", canaryHash: "c", stableHash: "h" };

function troublesOf(written: Metric, templates: Templates): string[] {
  const resolved = resolveMetric(written, templates);
  if ("error" in resolved) return [`metric ${written.name}: ${resolved.error}`];
  const { name, successCondition, failureCondition, provider } = resolved.metric;
  const conditions = { successCondition, failureCondition };
  const unreadable = Object.entries(conditions).flatMap(([field, text]) => {
    const compiled = text === undefined ? undefined : compileCondition(text);
    return compiled && "error" in compiled ? [`metric ${name}: ${field} ${text}: ${compiled.error}`] : [];
  });
  if (provider === undefined) return unreadable;
  const rendered = renderQuery(provider.prometheus.query, anyNames);
  return [...unreadable, ...("error" in rendered ? [`metric ${name}: ${rendered.error}`] : [])];
}

function unjudged(spec: CanaryPolicy["spec"]): Said {
  const steps = unjudgedSteps(spec).map((index) => index + 1);
  if (steps.length === 0)
    return { type: "Unjudged", status: "False", reason: "Judged", message: "every step with traffic ends with a pass or a person" };
  const which = `${steps.length === 1 ? "step" : "steps"} ${steps.join(", ")} of ${spec.steps.length}`;
  const message = `${which}: traffic for the canary and no metric in force, so time alone ends it. Add spec.analysis, or an earlier startingStep`;
  return { type: "Unjudged", status: "True", reason: "EndsByTime", message };
}
