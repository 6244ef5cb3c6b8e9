import type { Written } from "../../manifest/read.ts";
import { type Fields, fieldsOf, listOf, present, textOf } from "../raw.ts";
import type { Remarks } from "../remark.ts";
import { argsOf, type Known } from "./args.ts";
import { metricOf } from "./metrics.ts";

/** The AnalysisTemplates of the files. */
export interface TemplatesOfArgo {
  /** @param clusterScope a ClusterAnalysisTemplate is meant */
  find(name: string, clusterScope: boolean): Written | undefined;
  /** Called for each template that a Rollout uses: its metrics then stand in the policy. */
  used(template: Written): void;
}

interface Using {
  templates: TemplatesOfArgo;
  known: Known;
}

/** The analysis of a Rollout or of one of its steps, with the metrics of its templates written out; undefined when nothing of it is left. */
export function analysisOf(analysis: Fields, using: Using, remarks: Remarks): { metrics: object[] } | undefined {
  remarks.leftover(analysis, ["templates", "args", "startingStep", "dryRun", "measurementRetention", "analysisRunMetadata"]);
  if (analysis["analysisRunMetadata"] !== undefined)
    remarks.note(["analysisRunMetadata"], "there are no AnalysisRuns: the plan is the record");
  const parts = partsOf(analysis, { args: analysis["args"], remarks }, using, remarks, new Set());
  if (parts.metrics.length === 0) {
    remarks.matters([], "no metric of it can be asked here, so it was left out: nothing is judged in its place");
    return undefined;
  }
  const named = new Set<string>();
  for (const metric of parts.metrics) {
    const { name = "" } = metric as { name?: string };
    if (named.has(name)) remarks.matters(["templates"], `two metrics are named ${name}: give each its own name`);
    named.add(name);
  }
  return present({
    metrics: parts.metrics,
    dryRun: orNothing([...listOf(analysis["dryRun"]), ...parts.dryRun]),
    measurementRetention: orNothing([...listOf(analysis["measurementRetention"]), ...parts.retention]),
  }) as { metrics: object[] };
}

interface Parts {
  metrics: object[];
  dryRun: unknown[];
  retention: unknown[];
}

const orNothing = (list: unknown[]): unknown[] | undefined => (list.length === 0 ? undefined : list);

/** A template may itself be made of templates. */
function partsOf(of: Fields, given: Parameters<typeof argsOf>[0], using: Using, remarks: Remarks, seen: ReadonlySet<Written>): Parts {
  const parts: Parts = { metrics: [], dryRun: [], retention: [] };
  listOf(of["templates"]).forEach((each, index) => {
    const { templateName, clusterScope } = fieldsOf(each);
    const name = textOf(templateName) ?? "";
    const template = using.templates.find(name, clusterScope === true);
    if (template === undefined) {
      const kind = clusterScope === true ? "ClusterAnalysisTemplate" : "AnalysisTemplate";
      remarks.matters(
        ["templates", index, "templateName"],
        `${kind} ${name} is in none of these files, so its metrics are missing: name its file too`,
      );
      return;
    }
    if (seen.has(template)) return;
    using.templates.used(template);
    const spec = fieldsOf(fieldsOf(template.object)["spec"]);
    const at = remarks.of(template, "spec");
    at.leftover(spec, ["metrics", "args", "templates", "dryRun", "measurementRetention"]);
    const args = argsOf(given, { args: spec["args"], remarks: at }, using.known);
    const inner = partsOf(spec, given, using, at, new Set([...seen, template]));
    parts.metrics.push(
      ...listOf(spec["metrics"]).flatMap((metric, at0) => metricOf(fieldsOf(metric), args, at.in("metrics", at0), using.known) ?? []),
      ...inner.metrics,
    );
    parts.dryRun.push(...listOf(spec["dryRun"]), ...inner.dryRun);
    parts.retention.push(...listOf(spec["measurementRetention"]), ...inner.retention);
  });
  return parts;
}
