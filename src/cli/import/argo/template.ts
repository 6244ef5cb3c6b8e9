import type { TemplateArg } from "../../../api/metricTemplate.ts";
import { givenArgs } from "../../../api/metricTemplate.ts";
import { apiVersion } from "../../../api/names.ts";
import { isQuoted, parsePromql } from "../../../core/promql/syntax.ts";
import type { Written } from "../../manifest/read.ts";
import { duration } from "../duration.ts";
import { type Fields, fieldsOf, listOf, present, textOf } from "../raw.ts";
import type { Remarks } from "../remark.ts";
import { metricOf } from "./metrics.ts";

/** An AnalysisTemplate that no Rollout of the files uses: one MetricTemplate for each of its metrics, with its arguments. */
export function metricTemplatesOf(template: Written, remarks: Remarks): object[] {
  const spec = fieldsOf(fieldsOf(template.object)["spec"]);
  const at = remarks.of(template, "spec");
  at.leftover(spec, ["metrics", "args", "dryRun", "measurementRetention"]);
  for (const field of ["dryRun", "measurementRetention"])
    if (spec[field] !== undefined) at.matters([field], "belongs to the policy that uses the metric: write it there");
  const metrics = listOf(spec["metrics"]).map(fieldsOf);
  return metrics.flatMap((metric, index) => {
    const body = metricOf(metric, undefined, at.in("metrics", index));
    if (body === undefined) return [];
    const { name, ...rest } = body as { name?: string };
    const full = metrics.length === 1 ? template.name : `${template.name}-${name}`;
    const args = argsIn(metric, listOf(spec["args"]), at);
    return [
      {
        apiVersion,
        kind: "MetricTemplate",
        metadata: { name: full },
        spec: present({ args: args.length === 0 ? undefined : args, metric: rest }),
      },
    ];
  });
}

/** The arguments that this metric uses, without those that Serin fills in itself. */
function argsIn(metric: Fields, args: readonly unknown[], remarks: Remarks): object[] {
  const text = JSON.stringify(metric);
  return args.flatMap((each, index) => {
    const { name, value, valueFrom } = fieldsOf(each);
    const called = textOf(name) ?? "";
    if (valueFrom !== undefined)
      remarks.matters(["args", index, "valueFrom"], "has no counterpart: the policy that uses the template gives a value");
    if (!text.includes(`args.${called}`)) return [];
    if ((givenArgs as readonly string[]).includes(called)) {
      remarks.note(["args", index, "name"], "is filled in by Serin itself");
      return [];
    }
    return [present({ name: called, type: typeOf(called, metric, textOf(value)), default: textOf(value) })];
  });
}

/** By where it stands: in quotes a text, between brackets a duration, anywhere else a number. */
function typeOf(name: string, metric: Fields, value: string | undefined): TemplateArg["type"] {
  const query = textOf(fieldsOf(fieldsOf(metric["provider"])["prometheus"])["query"]) ?? "";
  const written = new RegExp(`\\{\\{\\s*args\\.${name.replaceAll(".", "\\.")}\\s*\\}\\}`);
  const found = written.exec(query);
  if (found === null) return value !== undefined && duration(value) !== undefined && Number.isNaN(Number(value)) ? "Duration" : "Number";
  const plain = query.replaceAll(/\{\{.*?\}\}/gs, (each) => "x".repeat(each.length));
  if (isQuoted(parsePromql(plain), found.index, found.index + found[0].length)) return "String";
  return /\[[^\]]*$/.test(query.slice(0, found.index)) ? "Duration" : "Number";
}
