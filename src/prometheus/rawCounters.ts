import type { Counter, Sample } from "../core/analysis/builtin/sample.ts";
import { revisionLabel } from "../core/analysis/builtin/source.ts";
import { promqlString } from "../core/analysis/query.ts";
import type { Prometheus, QueryOptions } from "./client.ts";
import { type Failure, failure } from "./failure.ts";

/*
 * Raw counters of many workloads (or Services) in one query, whatever their number: Prometheus is asked as often for a hundred plans as for one.
 *
 *   sum by (namespace, name, revision, …) (once S) the counters, one series for each kind of request; `once`: see `eachOnce`
 *   or … "proxies"                                 how many proxies report
 *   or … "resets"                                  how many counters were reset within three minutes
 *   or … "at"                                      when the newest sample was scraped
 *   or … "now"                                     what Prometheus takes for the present, so that its clock need not be ours
 */

export interface Named {
  readonly namespace: string;
  readonly name: string;
}

/** Which counters. */
export interface CounterQuery {
  readonly metric: string;
  /** Labels of the metric that must have a value, besides those that name the workload. */
  readonly matchers: ReadonlyArray<{ readonly label: string; readonly value: string }>;
  /** The labels that hold namespace and name. */
  readonly namedBy: { readonly namespace: string; readonly name: string };
  /** The labels that tell the kinds of requests apart, besides the revision. */
  readonly by: readonly string[];
  readonly of: readonly Named[];
}

export const byWorkload = { namespace: "destination_workload_namespace", name: "destination_workload" } as const;
export const byService = { namespace: "destination_service_namespace", name: "destination_service_name" } as const;

/** Marks the series that are no counters. */
const markerLabel = "serin";
/** Longer than two scrapes, also where Prometheus scrapes once a minute (its default): of a single sample nothing can be said. */
const resetWindow = "3m";

/** One workload has some ten counters, or forty buckets of a histogram: a hundred of them fit, within the megabyte that is read at most. */
const mostSeries = 5_000;
const mostAtOnce = 100;

/** `namespace/name`. */
export const keyOf = ({ namespace, name }: Named): string => `${namespace}/${name}`;

/** What was read, by `keyOf`; who has no counters yet has an empty sample of the present. */
export type Samples = ReadonlyMap<string, Sample>;

/** Reads the counters of all of them. @param now the time of this process, in ms since epoch, in which the samples' times are told */
export async function readCounters(
  client: Prometheus,
  query: CounterQuery,
  { now, ...options }: QueryOptions & { now(): number },
): Promise<{ kind: "samples"; samples: Samples } | Failure> {
  const samples = new Map<string, Sample>();
  const parts: Array<readonly Named[]> = [];
  const each = [...new Map(query.of.map((one) => [keyOf(one), one])).values()];
  for (let from = 0; from < each.length; from += mostAtOnce) parts.push(each.slice(from, from + mostAtOnce));
  for (let of = parts.pop(); of !== undefined; of = parts.pop()) {
    const answer = await client.query(countersQuery({ ...query, of }), { maxSeries: mostSeries, ...options });
    if (answer.kind === "error" && answer.tooLarge && of.length > 1) {
      const middle = Math.ceil(of.length / 2);
      parts.push(of.slice(0, middle), of.slice(middle));
      continue;
    }
    if (answer.kind === "error") return answer;
    const present = answer.series.find(({ labels }) => labels[markerLabel] === "now");
    if (present === undefined || !Number.isFinite(present.value)) return failure("Prometheus did not say when the requests were counted");
    const ahead = present.value * 1_000 - now();
    for (const one of of) samples.set(keyOf(one), sampleOf(one, query, answer.series, { ahead, now: now() }));
  }
  return { kind: "samples", samples };
}

interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

function sampleOf(
  { namespace, name }: Named,
  { namedBy }: CounterQuery,
  all: readonly Series[],
  { ahead, now }: { ahead: number; now: number },
): Sample {
  const own = all.filter(({ labels }) => labels[namedBy.namespace] === namespace && labels[namedBy.name] === name);
  const marked = (marker: string): number | undefined =>
    own.find(({ labels, value }) => labels[markerLabel] === marker && Number.isFinite(value))?.value;
  const at = marked("at");
  const series = new Map<string, Counter>();
  for (const { labels, value } of own) {
    if (labels[markerLabel] === undefined && Number.isFinite(value))
      series.set(JSON.stringify(Object.entries(labels).sort()), { labels, value });
  }
  return {
    // Nothing was scraped later than now: a time beyond what a Date can hold must not get into a plan.
    at: at === undefined ? now : Math.max(0, Math.min(now, Math.round(at * 1_000 - ahead))),
    reporters: marked("proxies") ?? 0,
    resets: marked("resets") ?? 0,
    series,
  };
}

/** The PromQL of `readCounters`. */
export function countersQuery({ metric, matchers, namedBy, by, of }: CounterQuery): string {
  const anyOf = (texts: readonly string[]) => promqlString([...new Set(texts)].map(escapeRegex).join("|"));
  const selector = `${metric}{${[
    ...matchers.map(({ label, value }) => `${label}="${promqlString(value)}"`),
    `${namedBy.namespace}=~"${anyOf(of.map(({ namespace }) => namespace))}"`,
    `${namedBy.name}=~"${anyOf(of.map(({ name }) => name))}"`,
  ].join(", ")}}`;
  const each = `${namedBy.namespace}, ${namedBy.name}`;
  const marked = (marker: string, expression: string) => `label_replace(${expression}, "${markerLabel}", "${marker}", "", "")`;
  return [
    `sum by (${[each, revisionLabel, ...by].join(", ")}) (${eachOnce(selector)})`,
    marked("proxies", `count by (${each}) (group by (${each}, instance) (${selector}))`),
    marked("resets", `sum by (${each}) (${eachOnce(`resets(${selector}[${resetWindow}])`)})`),
    marked("at", `max by (${each}) (timestamp(${selector}))`),
    marked("now", "vector(time())"),
  ].join(" or ");
}

/**
 * Labels by which copies of one scraped series differ: the external labels of prometheus-operator's replicas and objects, of Thanos and of its
 * receivers. A store in front of several Prometheis that is not told to deduplicate gives each request as often as it was scraped.
 */
const copyLabels = ["prometheus_replica", "prometheus", "replica", "receive_replica", "rule_replica"];

/** Each series once, however many scraped it: the copy that is furthest on. Proxies still differ, by instance. */
export const eachOnce = (expression: string): string => `max without (${copyLabels.join(", ")}) (${expression})`;

const escapeRegex = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
