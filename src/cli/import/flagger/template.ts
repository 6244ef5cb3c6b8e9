import type { TemplateArg } from "../../../api/metricTemplate.ts";
import { apiVersion } from "../../../api/names.ts";
import type { Written } from "../../manifest/read.ts";
import { fieldsOf, present, textOf } from "../raw.ts";
import { Remarks } from "../remark.ts";
import { providerOf } from "./metrics.ts";
import { isText, queryFrom } from "./queries.ts";

/** A MetricTemplate of Flagger's that no Canary of the files uses, as one of Serin's: the range that a Canary gave is two arguments. */
export function metricTemplateOf(template: Written): { object: object | undefined; remarks: Remarks } {
  const remarks = new Remarks(template);
  const query = textOf(fieldsOf(fieldsOf(template.object)["spec"])["query"]) ?? "";
  const args = argsIn(query);
  const provider = providerOf(template, remarks.in("spec"), (text, at) => {
    const variables = Object.fromEntries(args.map(({ name }) => [name, `{{args.${name}}}`]));
    return queryFrom(text, { interval: "{{args.interval}}", variables }, at);
  });
  if (provider === undefined) return { object: undefined, remarks };
  remarks.note([], "has no range of its own: the policies that use this template give min and max");
  const metric = {
    interval: "1m",
    successCondition: "result.all(v, v >= {{args.min}} && v <= {{args.max}})",
    provider: { prometheus: present(provider) },
  };
  const range = [
    { name: "min", type: "Number", default: "-1e300" },
    { name: "max", type: "Number", default: "1e300" },
  ];
  return {
    object: { apiVersion, kind: "MetricTemplate", metadata: { name: template.name }, spec: { args: [...args, ...range], metric } },
    remarks,
  };
}

/** The variables of the template, and the window that Flagger takes from the metric. */
function argsIn(query: string): Array<{ name: string; type: TemplateArg["type"]; default?: string }> {
  const found = new Map<string, { name: string; type: TemplateArg["type"]; default?: string }>();
  for (const { 0: written, 1: name = "", index } of query.matchAll(/\{\{-?\s*([\w.]+)\s*-?\}\}/g)) {
    if (name === "interval") found.set(name, { name, type: "Duration", default: "1m" });
    else if (name.startsWith("variables.")) {
      const plain = name.slice("variables.".length);
      found.set(plain, { name: plain, type: isText(query, index, written.length) ? "String" : "Number" });
    }
  }
  return [...found.values()];
}
