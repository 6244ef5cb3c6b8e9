/** istiod and its ingress gateway: the mesh as Serin meets it, without sidecars that carry traffic. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  ENVOY_ADMIN,
  GATEWAY_IP,
  GATEWAY_PORT,
  GATEWAY_SERVICE_IP,
  GATEWAY_TLS_PORT,
  ISTIOD_GRPC,
  ISTIOD_HTTP,
  ISTIOD_HTTPS,
  ISTIOD_MONITORING,
} from "./addresses.ts";
import { makeServerCertificate } from "./certificates.ts";
import { envoyBootstrap } from "./envoyBootstrap.ts";
import { answersOk } from "./httpAnswers.ts";
import type { LabOptions } from "./options.ts";
import { partFile } from "./parts/ensureParts.ts";
import type { Processes } from "./processes.ts";

const LABELS = { istio: "ingressgateway", app: "istio-ingressgateway" };
const NAMESPACE = "istio-system";

/**
 * What istiod looks up for a gateway that connects: its pod and its Service. The loopback kubelet gives the pod its
 * address and its readiness; the traffic is Envoy's, on ports that the pod itself leaves alone.
 */
export const gatewayObjects = [
  { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "istio-ingressgateway", namespace: NAMESPACE } },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "istio-ingressgateway", namespace: NAMESPACE, labels: LABELS },
    spec: {
      clusterIP: GATEWAY_SERVICE_IP,
      selector: LABELS,
      ports: [
        { name: "http2", port: 80, targetPort: GATEWAY_PORT },
        { name: "https", port: 443, targetPort: GATEWAY_TLS_PORT },
      ],
    },
  },
  {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "istio-ingressgateway", namespace: NAMESPACE, labels: LABELS, annotations: { "lab.serin.dev/ip": GATEWAY_IP } },
    spec: {
      serviceAccountName: "istio-ingressgateway",
      containers: [{ name: "istio-proxy", image: "istio-proxy:lab", ports: [{ name: "status", containerPort: 15021 }] }],
    },
  },
];

/** A plain Envoy has neither Istio's filters nor certificates, so istiod is told to do without. */
const ISTIOD_ENV = {
  PILOT_ENABLE_METADATA_EXCHANGE: "false",
  PILOT_ENABLE_ALPN_FILTER: "false",
  ENABLE_CA_SERVER: "false",
  INJECTION_WEBHOOK_CONFIG_NAME: "",
  VALIDATION_WEBHOOK_CONFIG_NAME: "",
  PILOT_CERT_PROVIDER: "none",
  POD_NAME: "istiod",
  POD_NAMESPACE: NAMESPACE,
  CLUSTER_ID: "Kubernetes",
  REVISION: "default",
};

type IstiodOptions = Pick<LabOptions, "debounce" | "injector">;

/**
 * @param debounce how long istiod collects changes before it pushes; its own default (100 ms, at most 10 s) when absent.
 * @param injector whether it serves its webhooks; it takes the injector's templates from a ConfigMap, which must be there by now.
 */
export async function startIstiod(
  dir: string,
  processes: Processes,
  kubeconfig: string,
  { debounce, injector }: IstiodOptions,
): Promise<void> {
  const meshConfig = join(dir, "mesh.json");
  await writeFile(meshConfig, JSON.stringify({ enableAutoMtls: false, defaultProviders: { metrics: [] } }));
  const slow = debounce === undefined ? {} : { PILOT_DEBOUNCE_AFTER: debounce, PILOT_DEBOUNCE_MAX: debounce };
  await processes.start({
    name: "istiod",
    command: await partFile("pilot-discovery"),
    args: [
      "discovery",
      "--registries=Kubernetes",
      `--kubeconfig=${kubeconfig}`,
      `--meshConfig=${meshConfig}`,
      `--httpAddr=${ISTIOD_HTTP}`,
      `--grpcAddr=${ISTIOD_GRPC}`,
      "--secureGRPCAddr=",
      ...(injector ? await webhookFlags(dir) : ["--httpsAddr="]),
      `--monitoringAddr=${ISTIOD_MONITORING}`,
    ],
    env: { ...process.env, ...ISTIOD_ENV, ...slow },
    ready: () => answersOk(`http://${ISTIOD_HTTP}/ready`),
  });
}

async function webhookFlags(dir: string): Promise<string[]> {
  const { caFile, certFile, keyFile } = await makeServerCertificate(dir, "istiod", [`IP:${ISTIOD_HTTPS.split(":")[0]}`]);
  return [`--httpsAddr=${ISTIOD_HTTPS}`, `--caCertFile=${caFile}`, `--tlsCertFile=${certFile}`, `--tlsKeyFile=${keyFile}`];
}

/** Starts the gateway's Envoy. Its listeners come with the first Gateway object; until then it is ready and empty. */
export async function startGateway(dir: string, processes: Processes): Promise<void> {
  const config = join(dir, "envoy.json");
  await writeFile(config, JSON.stringify(envoyBootstrap(NAMESPACE, LABELS), null, 2));
  await processes.start({
    name: "envoy",
    command: await partFile("envoy"),
    args: ["--config-path", config, "--concurrency", "1", "--disable-hot-restart", "--log-level", "warning", "--drain-time-s", "1"],
    ready: () => answersOk(`http://${ENVOY_ADMIN}/ready`),
  });
}
