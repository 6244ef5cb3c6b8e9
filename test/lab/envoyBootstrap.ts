import { ENVOY_ADMIN, GATEWAY_IP, ISTIOD_GRPC } from "./addresses.ts";

/**
 * The bootstrap that Istio's own agent would write, cut down to what a gateway without mTLS needs. Two tags are taken out
 * of the names of counters, as Istio does: the cluster (istiod ends its name with `;`, for it holds dots) and the exact code.
 */
export function envoyBootstrap(namespace: string, labels: Record<string, string>) {
  return {
    node: {
      id: `router~${GATEWAY_IP}~istio-ingressgateway.${namespace}~${namespace}.svc.cluster.local`,
      cluster: `istio-ingressgateway.${namespace}`,
      metadata: {
        CLUSTER_ID: "Kubernetes",
        INSTANCE_IPS: GATEWAY_IP,
        ISTIO_VERSION: "1.31.0",
        LABELS: labels,
        MESH_ID: "cluster.local",
        NAME: "istio-ingressgateway",
        NAMESPACE: namespace,
        OWNER: `kubernetes://apis/v1/namespaces/${namespace}/pods/istio-ingressgateway`,
        SERVICE_ACCOUNT: "istio-ingressgateway",
        WORKLOAD_NAME: "istio-ingressgateway",
      },
    },
    admin: { address: socketAddress(ENVOY_ADMIN) },
    // Histograms only become visible at a flush; the default of 5 s would make latency lag behind the counters.
    stats_flush_interval: "1s",
    stats_config: {
      use_all_default_tags: false,
      stats_tags: [
        { tag_name: "cluster_name", regex: "^cluster(\\.(.+);)" },
        { tag_name: "response_code", regex: "_rq(_(\\d{3}))$" },
      ],
    },
    dynamic_resources: {
      lds_config: { ads: {}, resource_api_version: "V3", initial_fetch_timeout: "0s" },
      cds_config: { ads: {}, resource_api_version: "V3", initial_fetch_timeout: "0s" },
      ads_config: {
        api_type: "DELTA_GRPC",
        transport_api_version: "V3",
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: "xds-grpc" } }],
      },
    },
    static_resources: {
      clusters: [
        {
          name: "xds-grpc",
          type: "STATIC",
          connect_timeout: "1s",
          typed_extension_protocol_options: {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
              "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
          load_assignment: {
            cluster_name: "xds-grpc",
            endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(ISTIOD_GRPC) } }] }],
          },
        },
      ],
    },
  };
}

function socketAddress(hostPort: string) {
  const [address, port] = hostPort.split(":");
  return { socket_address: { address, port_value: Number(port) } };
}
