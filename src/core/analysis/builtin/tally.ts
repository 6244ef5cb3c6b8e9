import { type Counts, none, plus } from "../sequential/counts.ts";
import type { Counter } from "./sample.ts";
import { type Family, revisionLabel } from "./source.ts";

/** Requests, and how many of them were bad; from floating point counters, so they may not be whole yet. */
export type Tally = Counts;

/** What was counted of each revision. Stable is every series of the workload that is not the canary's. */
export interface Tallies {
  readonly canary: Tally;
  readonly stable: Tally;
}

export const nothing: Tallies = { canary: none, stable: none };

export const addEach = (a: Tallies, b: Tallies): Tallies => ({ canary: plus(a.canary, b.canary), stable: plus(a.stable, b.stable) });

/**
 * What OpenTelemetry's semantic conventions call an error of a gRPC server: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE and
 * DATA_LOSS. The others (NOT_FOUND, INVALID_ARGUMENT …) are answers to what the caller asked.
 */
const grpcFaults = new Set(["2", "4", "12", "13", "14", "15"]);

/** Envoy's response flags of a connection that ended for a fault upstream: no healthy host, connect failure, reset, overflow, no route, retries used up, timeout. */
const connectionFaults = new Set(["UH", "UF", "UC", "UR", "UO", "NR", "NC", "URX", "UT", "UPE"]);

const isBad: Record<Exclude<Family, "durations">, (labels: Counter["labels"]) => boolean> = {
  requests: ({ request_protocol: protocol, response_code: code = "", grpc_response_status: status = "" }) =>
    code.startsWith("5") || (protocol === "grpc" && grpcFaults.has(status)),
  connections: ({ response_flags: flags = "" }) => flags.split(",").some((flag) => connectionFaults.has(flag)),
};

/** Counts requests or connections by what became of them. */
export function tallyOutcomes(family: Exclude<Family, "durations">, series: readonly Counter[], canaryRevision: string): Tallies {
  return series.reduce<Tallies>((tallies, { labels, value }) => {
    const one = { requests: value, bad: isBad[family](labels) ? value : 0 };
    return addTo(tallies, labels, one, canaryRevision);
  }, nothing);
}

/** Counts requests by whether they took longer than a bound of the histogram. @param boundMs one of its `le`, in ms */
export function tallyDurations(series: readonly Counter[], boundMs: number, canaryRevision: string): Tallies {
  // Buckets are cumulative: all requests are in +Inf, those within the bound in its own bucket.
  const sum = series.reduce<Tallies>((tallies, { labels, value }) => {
    const bound = boundOf(labels);
    if (bound === Number.POSITIVE_INFINITY) return addTo(tallies, labels, { requests: value, bad: value }, canaryRevision);
    return bound === boundMs ? addTo(tallies, labels, { requests: 0, bad: -value }, canaryRevision) : tallies;
  }, nothing);
  return { canary: possible(sum.canary), stable: possible(sum.stable) };
}

/** Two buckets that were not read at the same instant could say that more requests were fast than there were. */
const possible = ({ requests, bad }: Tally): Tally => ({ requests, bad: Math.min(requests, Math.max(0, bad)) });

function addTo(tallies: Tallies, labels: Counter["labels"], one: Tally, canaryRevision: string): Tallies {
  const isCanary = (labels[revisionLabel] ?? "") === canaryRevision;
  return isCanary ? { ...tallies, canary: plus(tallies.canary, one) } : { ...tallies, stable: plus(tallies.stable, one) };
}

/** `le` in ms; NaN where it is none. */
export const boundOf = ({ le = "" }: Counter["labels"]): number =>
  le === "+Inf" ? Number.POSITIVE_INFINITY : le === "" ? Number.NaN : Number(le);
