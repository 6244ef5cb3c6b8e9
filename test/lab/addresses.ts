/**
 * Every address of the lab. They are fixed: each lab has a network of its own, so nothing else can be in the way.
 * Pods get 10.244.1.x … 10.244.250.x from the kubelet; what lies above is ours.
 */
export const POD_RANGE = "10.244.0.0/16";
export const SERVICE_RANGE = "10.96.0.0/16";

export const ETCD = "127.0.0.1:2379";
export const ETCD_PEER = "127.0.0.1:2380";
/** EndpointSlices refuse loopback addresses, so kube-apiserver cannot advertise the one it is reached at. */
export const ADVERTISED = "10.96.255.1";
export const APISERVER_PORT = 6443;
export const APISERVER = `https://127.0.0.1:${APISERVER_PORT}`;
/** The Service `kubernetes`, where Serin runs from its image (container.ts). */
export const APISERVER_SERVICE = "10.96.0.1:443";

export const ISTIOD_HTTP = "127.0.0.1:18080";
export const ISTIOD_GRPC = "127.0.0.1:15010";
/** Its webhooks, with `--injector` only. */
export const ISTIOD_HTTPS = "127.0.0.1:15017";
export const ISTIOD_MONITORING = "127.0.0.1:15014";

export const ENVOY_ADMIN = "127.0.0.1:15000";
export const GATEWAY_IP = "10.244.255.1";
/** Envoy binds this on every address, so it must be a port that no pod uses. A Gateway's `port: 80` ends here. */
export const GATEWAY_PORT = 15080;
export const GATEWAY_TLS_PORT = 15443;
export const GATEWAY_SERVICE_IP = "10.96.0.80";

export const PROMETHEUS_SERVICE_IP = "10.96.0.90";
export const PROMETHEUS = `${PROMETHEUS_SERVICE_IP}:9090`;
/** Where a test answers in its place. */
export const PROMETHEUS_FRONT = "127.0.0.1:9490";

export const BALANCER = "127.0.0.1:9440";
export const webhookAddress = (index: number) => `127.0.0.1:${9443 + index}`;
export const webhookHealth = (index: number) => `127.0.0.1:${9500 + index}`;
export const CERTS_HEALTH = "127.0.0.1:9700";
export const workerHealth = (index: number) => `127.0.0.1:${9600 + index}`;

/** In-cluster names that must work as they are written in a manifest: the lab has no DNS. */
export const HOSTS: Readonly<Record<string, string>> = { [PROMETHEUS_SERVICE_IP]: serviceNames("prometheus", "istio-system") };

function serviceNames(name: string, namespace: string): string {
  return ["", ".svc", ".svc.cluster.local"].map((suffix) => `${name}.${namespace}${suffix}`).join(" ");
}
