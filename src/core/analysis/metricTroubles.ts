import type { Metric } from "../../api/metric.ts";
import type { MetricTemplateSpec } from "../../api/metricTemplate.ts";
import { rangeErrors, shortRanges } from "../promql/ranges.ts";
import { type Spot, syntaxError } from "../promql/syntax.ts";
import { compileCondition } from "./condition.ts";
import { type ArgTypes, neutral, placeholderErrors } from "./query.ts";
import { argTypes } from "./templates.ts";

/** What keeps a metric from ever judging, found by reading it: nothing is asked. */

/** What kind of trouble it is, for programs. */
export type Rule = "condition" | "placeholder" | "promql" | "range" | "short-range";

export interface Trouble {
  /** The fields that lead from the metric to the text. */
  readonly path: readonly ["successCondition" | "failureCondition"] | readonly ["provider", "prometheus", "query"];
  /** Which character of that text, from 0. */
  readonly at: number;
  readonly rule: Rule;
  readonly message: string;
}

/** How often Prometheus scrapes where nobody says otherwise: its usual setting in a cluster. */
export const usualScrapeMs = 15_000;

/** Line and column of a character of a text, both from 1. */
export function placeIn(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

type Body = Pick<Metric, "successCondition" | "failureCondition" | "provider">;

/** Everything that is wrong with the conditions and the query of a metric without template. Ranges are measured by this time between scrapes. */
export function metricTroubles({ successCondition, failureCondition, provider }: Body, scrapeMs: number): Trouble[] {
  return [
    ...conditionTroubles("successCondition", successCondition),
    ...conditionTroubles("failureCondition", failureCondition),
    ...queryTroubles(provider?.prometheus.query, { scrapeMs }),
  ];
}

/** The same of a MetricTemplate: with harmless values for its arguments, and its defaults where they decide. */
export function templateTroubles({ metric, args = [] }: MetricTemplateSpec, scrapeMs: number): Trouble[] {
  const types = argTypes(args);
  const durations = new Map(
    args.flatMap(({ name, type, default: value }) => (type === "Duration" && value ? [[name, value] as const] : [])),
  );
  const conditions = (["successCondition", "failureCondition"] as const).flatMap((field) => {
    const text = metric[field];
    // In a condition a duration is a number of seconds.
    const numbers: ArgTypes = new Map([...types].map(([name, type]) => [name, type === "Duration" ? "Number" : type]));
    return conditionTroubles(field, text === undefined ? undefined : neutral(text, numbers));
  });
  return [...conditions, ...queryTroubles(metric.provider?.prometheus.query, { types, durations, scrapeMs })];
}

function conditionTroubles(field: "successCondition" | "failureCondition", text: string | undefined): Trouble[] {
  const compiled = text === undefined ? undefined : compileCondition(text);
  return compiled && "error" in compiled ? [{ path: [field], at: compiled.at, rule: "condition", message: compiled.error }] : [];
}

interface Reading {
  types?: ArgTypes;
  /** Values of arguments that are durations. */
  durations?: ReadonlyMap<string, string>;
  scrapeMs: number;
}

/** One kind after the other: what stands in the wrong place is no use to a syntax that is wrong itself. */
function queryTroubles(query: string | undefined, { types, durations, scrapeMs }: Reading): Trouble[] {
  if (query === undefined) return [];
  const told = (rule: Rule, spots: readonly Spot[]): Trouble[] =>
    spots.map(({ from, message }) => ({ path: ["provider", "prometheus", "query"], at: from, rule, message }));
  const misplaced = placeholderErrors(query, types);
  if (misplaced.length > 0) return told("placeholder", misplaced);
  const plain = neutral(query, types, durations);
  const wrong = syntaxError(plain);
  if (wrong !== undefined) return told("promql", [wrong]);
  return [...told("range", rangeErrors(plain)), ...told("short-range", shortRanges(plain, scrapeMs))];
}
