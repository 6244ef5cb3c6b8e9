import type { Builtin } from "../../../api/builtin.ts";

/** Which counters of Istio a built-in reads. Built-ins with the same source are answered by one query, for all plans. */
export interface Source {
  readonly family: Family;
  readonly reporter: "source" | "destination";
  /** Further labels that must match, by name. */
  readonly matchers: ReadonlyArray<{ readonly label: string; readonly value: string }>;
}

export type Family = keyof typeof families;

/** Istio's standard metrics (istio.io/latest/docs/reference/config/metrics), and the labels that say whether a request was good. */
export const families = {
  requests: { metric: "istio_requests_total", by: ["request_protocol", "response_code", "grpc_response_status"] },
  durations: { metric: "istio_request_duration_milliseconds_bucket", by: ["le"] },
  connections: { metric: "istio_tcp_connections_closed_total", by: ["response_flags"] },
} as const;

/** The label that tells revisions apart. */
export const revisionLabel = "destination_canonical_revision";

export function sourceOf({ latency, protocol = "HTTP", reporter = "source", matchers = [] }: Builtin): Source {
  const family: Family = latency !== undefined ? "durations" : protocol === "TCP" ? "connections" : "requests";
  const own = protocol === "GRPC" ? [{ label: "request_protocol", value: "grpc" }] : [];
  return { family, reporter, matchers: [...own, ...matchers].sort((a, b) => (a.label < b.label ? -1 : 1)) };
}

/** The same text for the same counters. */
export const sourceKey = ({ family, reporter, matchers }: Source): string =>
  JSON.stringify([family, reporter, ...matchers.map(({ label, value }) => [label, value])]);
