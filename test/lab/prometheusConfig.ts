import { ENVOY_ADMIN, ISTIOD_MONITORING } from "./addresses.ts";

export interface ScrapeTargets {
  readonly istio: boolean;
  /** Addresses of Serin's own /metrics by process name. */
  readonly serin: Readonly<Record<string, string>>;
}

interface Relabel {
  source_labels?: string[];
  regex?: string;
  target_label?: string;
  replacement?: string;
  action?: string;
}

const set = (target_label: string, replacement: string): Relabel => ({ target_label, replacement });

/**
 * A plain Envoy lacks Istio's stats filter. What it counts per cluster, `outbound|<port>|<subset>|<host>`, says the same,
 * so Prometheus renames it into Istio's standard metrics: what Serin and its users query in the lab is what they query
 * in a mesh. `upstream_rq` by code also counts the 503s that Envoy makes itself because no endpoint is healthy.
 * `cluster_name` stays as one label more than Istio has: it keeps two subsets without a revision apart.
 */
export const gatewayRelabelling: readonly Relabel[] = [
  { source_labels: ["__name__"], regex: "envoy_cluster_upstream_rq|envoy_cluster_upstream_rq_time_(bucket|sum|count)", action: "keep" },
  { source_labels: ["cluster_name"], regex: "outbound\\|.*", action: "keep" },
  set("reporter", "source"),
  set("request_protocol", "http"),
  set("response_flags", "-"),
  set("source_workload", "istio-ingressgateway"),
  set("source_workload_namespace", "istio-system"),
  set("destination_canonical_revision", "unknown"),
  ...fromCluster("outbound\\|\\d+\\|[^|]*\\|(.+)", ["destination_service", "destination_service_name"]),
  ...fromCluster("outbound\\|\\d+\\|[^|]*\\|([^.]+)\\..+\\.svc\\.cluster\\.local", [
    "destination_service_name",
    "destination_workload",
    "destination_canonical_service",
    "destination_app",
  ]),
  ...fromCluster("outbound\\|\\d+\\|[^|]*\\|[^.]+\\.([^.]+)\\.svc\\.cluster\\.local", [
    "destination_service_namespace",
    "destination_workload_namespace",
  ]),
  ...fromCluster("outbound\\|\\d+\\|rev-([^-|]+)(?:-[^|]*)?\\|.+", ["destination_canonical_revision"]),
  { source_labels: ["__name__"], regex: "envoy_cluster_upstream_rq", target_label: "__name__", replacement: "istio_requests_total" },
  {
    source_labels: ["__name__"],
    regex: "envoy_cluster_upstream_rq_time_(.+)",
    target_label: "__name__",
    replacement: "istio_request_duration_milliseconds_$1",
  },
];

function fromCluster(regex: string, labels: string[]): Relabel[] {
  return labels.map((target_label) => ({ source_labels: ["cluster_name"], regex, target_label, replacement: "$1" }));
}

/** Prometheus' whole configuration (JSON is YAML). */
export function prometheusConfig(scrape: string, { istio, serin }: ScrapeTargets) {
  const job = (job_name: string, targets: string[]) => ({ job_name, static_configs: [{ targets }] });
  const gateway = {
    ...job("envoy-gateway", [ENVOY_ADMIN]),
    metrics_path: "/stats/prometheus",
    metric_relabel_configs: gatewayRelabelling,
  };
  return {
    global: { scrape_interval: scrape, scrape_timeout: scrape, evaluation_interval: scrape },
    scrape_configs: [
      ...(istio ? [gateway, job("istiod", [ISTIOD_MONITORING])] : []),
      ...(Object.keys(serin).length > 0 ? [job("serin", Object.values(serin))] : []),
    ],
  };
}
