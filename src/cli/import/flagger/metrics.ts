import type { Written } from "../../manifest/read.ts";
import { type Fields, fieldsOf, numberOf, present, textOf, textsOf } from "../raw.ts";
import type { Remarks } from "../remark.ts";
import { givesOne, queryFrom } from "./queries.ts";

/** How often Flagger looks and what it forgives. */
export interface Ticks {
  interval: string;
  intervalMs: number;
  /** So many failed checks end the canary. */
  threshold: number;
}

/** A metric of Flagger's as one of Serin's; undefined when nothing of it can be asked. */
export function metricOf(
  metric: Fields,
  ticks: Ticks,
  template: (reference: Fields) => Written | undefined,
  remarks: Remarks,
): object | undefined {
  remarks.leftover(metric, ["name", "interval", "threshold", "thresholdRange", "query", "templateRef", "templateVariables"]);
  const name = textOf(metric["name"]) ?? "";
  const asked = metric["templateRef"] !== undefined || metric["query"] !== undefined;
  if (!asked && name === "request-success-rate") return successRate(metric, remarks);
  if (!asked && name === "request-duration") return latency(metric, remarks);
  const provider = metric["query"] === undefined ? fromTemplate(metric, template, remarks) : inline(metric, remarks);
  if (provider === undefined) return undefined;
  return {
    name: name.replaceAll(/[^-_.a-zA-Z0-9]+/g, "-").replaceAll(/^[-_.]+|[-_.]+$/g, ""),
    interval: ticks.interval,
    ...(ticks.threshold > 1 && { failureLimit: ticks.threshold - 1 }),
    // An error is asked again after 10 s here; in Flagger each tick without an answer is a failed check.
    consecutiveErrorLimit: Math.max(0, Math.ceil((ticks.threshold * ticks.intervalMs) / 10_000) - 1),
    successCondition: condition(metric, provider.query, remarks),
    provider: { prometheus: present(provider) },
  };
}

function range(metric: Fields, which: "min" | "max"): { min: number | undefined; max: number | undefined } {
  const written = fieldsOf(metric["thresholdRange"]);
  if (metric["thresholdRange"] !== undefined) return { min: numberOf(written["min"]), max: numberOf(written["max"]) };
  // The old field: of a success rate the least, of everything else the most (F6).
  return { min: undefined, max: undefined, [which]: numberOf(metric["threshold"]) ?? 0 };
}

function successRate(metric: Fields, remarks: Remarks): object {
  const { min = 0, max } = range(metric, "min");
  if (max !== undefined) remarks.matters(["thresholdRange", "max"], "a success rate that is too high is none here");
  tellWindow(metric, remarks);
  return { name: "request-success-rate", builtin: { successRate: { min: Number((min / 100).toPrecision(12)) }, reporter: "destination" } };
}

function latency(metric: Fields, remarks: Remarks): object | undefined {
  const { min, max } = range(metric, "max");
  if (min !== undefined) remarks.matters(["thresholdRange", "min"], "requests that are too fast are none here");
  if (max === undefined || max <= 0) {
    remarks.matters([], "has no greatest time, so it was left out: write thresholdRange.max in milliseconds");
    return undefined;
  }
  tellWindow(metric, remarks);
  return { name: "request-duration", builtin: { latency: { quantile: 0.99, max: `${Math.round(max)}ms` }, reporter: "destination" } };
}

const tellWindow = (metric: Fields, remarks: Remarks): void =>
  remarks.note(
    metric["interval"] === undefined ? [] : ["interval"],
    "is judged by a built-in: looked at with every scrape, over the requests of this weight, and it stops on evidence instead of a number of failed checks",
  );

interface Provider {
  address?: string | undefined;
  query: string;
}

const windowOf = (metric: Fields): string => textOf(metric["interval"]) ?? "1m";

function inline(metric: Fields, remarks: Remarks): Provider {
  const filling = { interval: windowOf(metric), variables: {} };
  return { query: queryFrom(textOf(metric["query"]) ?? "", filling, remarks.in("query")) };
}

function fromTemplate(metric: Fields, find: (reference: Fields) => Written | undefined, remarks: Remarks): Provider | undefined {
  const reference = fieldsOf(metric["templateRef"]);
  const template = find(reference);
  if (template === undefined) {
    const name = textOf(reference["name"]);
    remarks.matters(
      ["templateRef"],
      name === undefined
        ? "is missing, so this metric was left out"
        : `MetricTemplate ${name} is in none of these files, so its metric is missing: name its file too`,
    );
    return undefined;
  }
  const filling = { interval: windowOf(metric), variables: textsOf(metric["templateVariables"]) };
  return providerOf(template, remarks.of(template, "spec"), (query, at) => queryFrom(query, filling, at));
}

/** Where the numbers come from; undefined when it is no Prometheus. */
export function providerOf(template: Written, remarks: Remarks, fill: (query: string, remarks: Remarks) => string): Provider | undefined {
  const { provider, query } = fieldsOf(fieldsOf(template.object)["spec"]);
  const { type, address, secretRef, insecureSkipVerify, ...rest } = fieldsOf(provider);
  if (type !== "prometheus") {
    remarks.matters(
      ["provider", "type"],
      `${textOf(type) ?? "nothing"} can't be asked, so this metric was left out: write a query for Prometheus that says the same`,
    );
    return undefined;
  }
  remarks.in("provider").leftover(rest, ["region", "headers"]);
  for (const [field, value] of Object.entries({ secretRef, insecureSkipVerify, headers: rest["headers"] }))
    if (value !== undefined && value !== false)
      remarks.matters(
        ["provider", field],
        "is no part of a policy: name a Secret of Serin's own namespace in provider.prometheus.credentials",
      );
  return { address: textOf(address), query: fill(textOf(query) ?? "", remarks.in("query")) };
}

/** Both ends are good (F5); of several series Flagger looks at the last one, here all have to be good. */
function condition(metric: Fields, query: string, remarks: Remarks): string {
  const { min, max } = range(metric, "max");
  const one = givesOne(query);
  const value = one ? "result[0]" : "v";
  const ends = [...(min === undefined ? [] : [`${value} >= ${min}`]), ...(max === undefined ? [] : [`${value} <= ${max}`])];
  if (ends.length === 0) remarks.matters([], "has neither min nor max, so any number passes");
  if (!one) remarks.note([], "may give several series: Flagger looked at the last one, here all of them have to be good");
  if (ends.length === 0) return "size(result) > 0";
  return one ? ends.join(" && ") : `result.all(v, ${ends.join(" && ")})`;
}
