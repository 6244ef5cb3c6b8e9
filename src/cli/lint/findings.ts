import type { Analysis } from "../../api/analysis.ts";
import type { Metric } from "../../api/metric.ts";
import type { MetricTemplate } from "../../api/metricTemplate.ts";
import { apiVersion, group } from "../../api/names.ts";
import { fieldPath, issuesOf, parseMetricTemplate, parsePolicy, writtenKinds } from "../../api/parse.ts";
import type { CanaryPolicy } from "../../api/policy.ts";
import { unjudgedSteps } from "../../core/analysis/inForce.ts";
import { metricTroubles, type Trouble, templateTroubles } from "../../core/analysis/metricTroubles.ts";
import { rulesThatFindNothing } from "../../core/analysis/nameRule.ts";
import { resolveMetric, type Templates } from "../../core/analysis/templates.ts";
import type { Path, Place } from "../manifest/place.ts";
import type { Written } from "../manifest/read.ts";

/** Something that was found; `-o json` prints these. Fields are only ever added. */
export interface Finding extends Place {
  file: string;
  /** error: it would not work as written. warning: look at it. */
  level: "error" | "warning";
  rule: "yaml" | "kind" | "schema" | "template" | "unjudged" | Trouble["rule"];
  /** `CanaryPolicy everything`, where it is known. */
  object: string;
  message: string;
}

/** Everything that can be said about these objects without a cluster, in the order of the files. */
export function findingsOf(all: readonly Written[], scrapeMs: number): Finding[] {
  const templates = new Map<string, MetricTemplate>();
  for (const { kind, object } of all) {
    const { template } = kind === "MetricTemplate" ? parseMetricTemplate(object) : {};
    if (template) templates.set(template.metadata.name, template);
  }
  return all.flatMap((one) => findingsIn(one, { templates: (name) => templates.get(name), scrapeMs }));
}

interface Around {
  templates: Templates;
  scrapeMs: number;
}

/** At one field of one object. */
interface Remark {
  path: Path;
  at?: number;
  level?: "warning";
  rule: Finding["rule"];
  message: string;
}

function findingsIn(one: Written, around: Around): Finding[] {
  const object = one.name === "" ? one.kind : `${one.kind} ${one.name}`;
  const { file } = one;
  if (one.errors.length > 0) return one.errors.map((error): Finding => ({ file, ...error, level: "error", rule: "yaml", object: "YAML" }));
  return remarksOn(one, around).map(({ path, at, level, rule, message }): Finding => {
    const { line, column } = one.place(path, at);
    return { file, line, column, level: level ?? "error", rule, object, message };
  });
}

/** What doesn't fit the schema is no policy, so nothing more can be said about it. */
function remarksOn(one: Written, around: Around): Remark[] {
  if (!one.apiVersion.startsWith(`${group}/`)) return [];
  const { kind } = one;
  if (!writtenKinds.includes(kind)) {
    const message = `${kind === "" ? "an object without kind" : kind} is nothing to write: ${listed(writtenKinds)} are`;
    return [{ path: ["kind"], rule: "kind", message }];
  }
  if (one.apiVersion !== apiVersion) return [{ path: ["apiVersion"], rule: "kind", message: `write ${apiVersion}` }];
  const issues = issuesOf(kind, one.object);
  if (issues.length > 0)
    return issues.map(({ path, message }) => ({
      path,
      rule: "schema",
      message: path.length === 0 ? message : `${fieldPath(path)}: ${message}`,
    }));
  const { policy } = kind === "CanaryPolicy" ? parsePolicy(one.object) : {};
  if (policy) return policyRemarks(policy, around);
  const { template } = kind === "MetricTemplate" ? parseMetricTemplate(one.object) : {};
  return template ? onMetric(["spec", "metric"], templateTroubles(template.spec, around.scrapeMs)) : [];
}

function policyRemarks({ spec }: CanaryPolicy, around: Around): Remark[] {
  const steps = spec.steps.flatMap(({ analysis }, index) =>
    analysis ? analysisRemarks(["spec", "steps", index, "analysis"], analysis, around) : [],
  );
  const background = spec.analysis ? analysisRemarks(["spec", "analysis"], spec.analysis, around) : [];
  const unjudged = unjudgedSteps(spec).map((index): Remark => {
    const message =
      "the canary has traffic here and no metric is in force, so time alone ends this step: add spec.analysis, or an earlier startingStep";
    return { path: ["spec", "steps", index], level: "warning", rule: "unjudged", message };
  });
  return [...unjudged, ...steps, ...background];
}

function analysisRemarks(path: Path, analysis: Analysis, around: Around): Remark[] {
  const lost = rulesThatFindNothing(analysis).map((message): Remark => ({ path, rule: "template", message }));
  return [...lost, ...analysis.metrics.flatMap((metric, index) => metricRemarks([...path, "metrics", index], metric, around))];
}

function metricRemarks(path: Path, metric: Metric, { templates, scrapeMs }: Around): Remark[] {
  if (metric.templateRef === undefined) return onMetric(path, metricTroubles(metric, scrapeMs));
  const { name } = metric.templateRef;
  const reference = [...path, "templateRef"];
  if (templates(name) === undefined) {
    const message = `MetricTemplate ${name} is in none of these files, so this metric was not looked at`;
    return [{ path: [...reference, "name"], level: "warning", rule: "template", message }];
  }
  const resolved = resolveMetric(metric, templates);
  if ("error" in resolved) return [{ path: reference, rule: "template", message: resolved.error }];
  // Where the text stands in the template there is no place in the policy: it is said at the reference, of what only these arguments cause.
  const own = metricTroubles(metric, scrapeMs);
  const filled = metricTroubles(resolved.metric, scrapeMs).filter(({ rule }) => rule === "short-range" || rule === "condition");
  const caused = filled.filter((trouble) => !own.some(({ message }) => message === trouble.message));
  return [
    ...onMetric(path, own),
    ...caused.map(
      ({ rule, message }): Remark => ({ path: reference, rule, message: `MetricTemplate ${name} with these arguments: ${message}` }),
    ),
  ];
}

const onMetric = (path: Path, troubles: readonly Trouble[]): Remark[] =>
  troubles.map((trouble) => ({ ...trouble, path: [...path, ...trouble.path] }));

/** `a, b and c` */
const listed = (words: readonly string[]): string => words.join(", ").replace(/, ([^,]*)$/, " and $1");
