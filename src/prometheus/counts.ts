import { promqlString } from "../core/analysis/query.ts";
import type { Counts } from "../core/analysis/shift.ts";
import type { Prometheus, QueryOptions } from "./client.ts";
import { type Failure, failure } from "./failure.ts";

/** How many requests each revision has got, as Istio's client-side proxies counted them. */

export interface CountedService {
  namespace: string;
  name: string;
}

const revisionLabel = "destination_canonical_revision";

/** Marks the one series that is a time and no count. */
const timeLabel = "serin_at";

/**
 * Raw counters by revision and the time of the newest sample, in one query, so that both speak of the same instant. Without any series
 * (nobody has sent a request) the counts are empty and the time is the server's.
 */
export async function countByRevision(
  client: Prometheus,
  services: readonly CountedService[],
  options: QueryOptions = {},
): Promise<({ kind: "counts" } & Counts) | Failure> {
  if (services.length === 0) return failure("no Service selects the Deployment's pods, so no requests can be counted");
  const answer = await client.query(countsQuery(services), options);
  if (answer.kind === "error") return answer;
  const time = answer.series.find(({ labels }) => labels[timeLabel] !== undefined);
  if (time === undefined || !Number.isFinite(time.value)) return failure("Prometheus did not say when the requests were counted");
  const byRevision = new Map<string, number>();
  for (const { labels, value } of answer.series) {
    if (labels[timeLabel] === undefined && Number.isFinite(value)) byRevision.set(labels[revisionLabel] ?? "", value);
  }
  return { kind: "counts", at: Math.round(time.value * 1_000), byRevision };
}

/** The PromQL of `countByRevision`. timestamp() tells a sample's own time only of a plain selector, so each gets its own. */
export function countsQuery(services: readonly CountedService[]): string {
  const selectors = [...namesByNamespace(services)].map(([namespace, names]) => selectorOf(namespace, names));
  const newest = `max(${selectors.map((selector) => `timestamp(${selector})`).join(" or ")}) or vector(time())`;
  return `sum by (${revisionLabel}) (${selectors.join(" or ")}) or label_replace(${newest}, "${timeLabel}", "newest", "", "")`;
}

function namesByNamespace(services: readonly CountedService[]): Map<string, string[]> {
  const grouped = new Map<string, string[]>();
  for (const { namespace, name } of services) grouped.set(namespace, [...(grouped.get(namespace) ?? []), name]);
  return grouped;
}

/** reporter="source": counted where the split is made; the servers' own proxies would count every request a second time. */
function selectorOf(namespace: string, names: readonly string[]): string {
  const anyOf = promqlString(names.map(escapeRegex).join("|"));
  return `istio_requests_total{reporter="source", destination_service_namespace="${promqlString(namespace)}", destination_service_name=~"${anyOf}"}`;
}

const escapeRegex = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
