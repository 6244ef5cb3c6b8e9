import { parseDuration } from "../../api/duration.ts";
import type { Metric } from "../../api/metric.ts";
import { givenArgs, type MetricTemplate, numberPattern, type TemplateArg } from "../../api/metricTemplate.ts";
import type { PolicySpec } from "../../api/policy.ts";
import type { TemplateRef } from "../../api/templateRef.ts";
import { sameShape } from "../promql/shape.ts";
import { type ArgTypes, looksLikePlaceholder, neutral, placeholderErrors, promqlString } from "./query.ts";

/*
 * Metrics that come from a MetricTemplate (rows R6 and R7). They are filled in once, when the plan is made: what is judged by stands in the
 * plan, and a later edit of the template changes no plan under way. A reference that can't be filled in stays; its metric ends in Error.
 */

export type Templates = (name: string) => MetricTemplate | undefined;

/** The policy with every reference filled in that can be. */
export function withTemplates(spec: PolicySpec, templates: Templates): PolicySpec {
  const filled = <T extends { metrics: Metric[] }>(analysis: T): T => ({
    ...analysis,
    metrics: analysis.metrics.map((metric) => {
      const resolved = resolveMetric(metric, templates);
      return "error" in resolved ? metric : resolved.metric;
    }),
  });
  return {
    ...spec,
    steps: spec.steps.map((step) => (step.analysis === undefined ? step : { ...step, analysis: filled(step.analysis) })),
    ...(spec.analysis !== undefined && { analysis: filled(spec.analysis) }),
  };
}

/** The metric with its reference filled in; the same one when it has none. The error says what is missing. */
export function resolveMetric(metric: Metric, templates: Templates): { metric: Metric } | { error: string } {
  const { templateRef, ...own } = metric;
  if (templateRef === undefined) return { metric };
  const template = templates(templateRef.name);
  if (template === undefined) return { error: `MetricTemplate ${templateRef.name} does not exist` };
  const values = valuesOf(template, templateRef);
  if ("error" in values) return { error: `MetricTemplate ${templateRef.name}: ${values.error}` };
  const { provider, successCondition, failureCondition, ...rest } = template.spec.metric;
  const misplaced = shapeError(provider?.prometheus.query ?? "", values);
  if (misplaced !== undefined) return { error: `MetricTemplate ${templateRef.name}: ${misplaced}` };
  const conditions = {
    ...(successCondition !== undefined && { successCondition: fill(successCondition, values.ofCondition) }),
    ...(failureCondition !== undefined && { failureCondition: fill(failureCondition, values.ofCondition) }),
  };
  // A condition of its own says what is good enough in the policy's words: the template's other one would contradict it.
  const ownConditions = own.successCondition !== undefined || own.failureCondition !== undefined;
  return {
    metric: {
      ...rest,
      ...(provider !== undefined && {
        provider: { prometheus: { ...provider.prometheus, query: fill(provider.prometheus.query, values.ofQuery) } },
      }),
      ...(ownConditions ? {} : conditions),
      ...own,
    },
  };
}

/** Why a plan's metric could not be filled in; undefined for every other metric. */
export function unresolved(metric: Metric, templates: Templates): string | undefined {
  if (metric.templateRef === undefined) return undefined;
  const resolved = resolveMetric(metric, templates);
  return "error" in resolved ? resolved.error : `MetricTemplate ${metric.templateRef.name} could not be filled in when the plan was made`;
}

type Values = ReadonlyMap<string, string>;

interface Filling {
  ofQuery: Values;
  ofCondition: Values;
  types: ArgTypes;
}

/** Why these values would make another query of the template than the one that was written: another tree, or other matchers. */
function shapeError(query: string, { ofQuery, types }: Filling): string | undefined {
  const wrong = placeholderErrors(query, types)[0]?.message;
  if (wrong !== undefined) return wrong;
  return sameShape(neutral(query, types), neutral(fill(query, ofQuery))) ? undefined : "an argument would change the shape of its query";
}

/** The types of what a template declares; a value below 0 is known by its sign. */
export const argTypes = (args: readonly TemplateArg[], values: Values = new Map()): ArgTypes =>
  new Map(args.map(({ name, type }) => [name, type === "Number" && values.get(name)?.startsWith("-") ? "-Number" : type]));

function valuesOf({ spec }: MetricTemplate, { args = [] }: TemplateRef): Filling | { error: string } {
  const declared = spec.args ?? [];
  const unknown = args.find(({ name }) => !declared.some((arg) => arg.name === name));
  if (unknown) return { error: `it has no argument ${unknown.name}` };
  const ofQuery = new Map<string, string>();
  const ofCondition = new Map<string, string>();
  for (const arg of declared) {
    const value = args.find(({ name }) => name === arg.name)?.value ?? arg.default;
    if (value === undefined) return { error: `args.${arg.name} was not resolved: give it a value in templateRef.args` };
    const literal = literalOf(arg, value);
    if ("error" in literal) return { error: `args.${arg.name}: ${literal.error}` };
    ofQuery.set(arg.name, literal.query);
    ofCondition.set(arg.name, literal.condition);
  }
  const written = [spec.metric.provider?.prometheus.query, spec.metric.successCondition, spec.metric.failureCondition];
  const undeclared = written.flatMap((text) => namesIn(text ?? "")).find((name) => !ofQuery.has(name) && !isGiven(name));
  return undeclared === undefined
    ? { ofQuery, ofCondition, types: argTypes(declared, ofQuery) }
    : { error: `args.${undeclared} was not resolved: the template does not declare it` };
}

/** A value as it stands in a query and in a condition: text as the inside of a quoted text, so that it never ends it. */
function literalOf({ type }: TemplateArg, value: string): { query: string; condition: string } | { error: string } {
  const said = JSON.stringify(value.slice(0, 100));
  if (type === "Number")
    return new RegExp(numberPattern).test(value) ? { query: value, condition: value } : { error: `${said} is no number` };
  if (type === "Duration") return durationLiteral(value);
  if (looksLikePlaceholder(value)) return { error: `${said} contains {{` };
  return { query: promqlString(value), condition: promqlString(value) };
}

function durationLiteral(value: string): { query: string; condition: string } | { error: string } {
  try {
    return { query: value, condition: String(parseDuration(value) / 1_000) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : "no duration" };
  }
}

const placeholder = /\{\{\s*args\.([^{}]*?)\s*\}\}/g;
const namesIn = (text: string): string[] => [...text.matchAll(placeholder)].map(([, name = ""]) => name);
const isGiven = (name: string): boolean => (givenArgs as readonly string[]).includes(name);

/** What Serin itself fills in stays for `renderQuery`, which knows the plan. */
const fill = (text: string, values: Values): string => text.replaceAll(placeholder, (written, name: string) => values.get(name) ?? written);
