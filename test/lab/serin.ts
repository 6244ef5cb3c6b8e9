/** Serin from the checkout: its manifests, its ServiceAccounts' rights and nothing more, its processes. */
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { type ServingCertificate, servingSecretData, servingSecretName } from "../../src/tls/servingSecret.ts";
import { BALANCER, CERTS_HEALTH, PROMETHEUS, webhookAddress, webhookHealth, workerHealth } from "./addresses.ts";
import { answersOk } from "./httpAnswers.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { asList, type Kubectl } from "./kubectl.ts";
import type { ClusterClient } from "./kubelet/clusterClient.ts";
import { CHECKOUT } from "./labEnvironment.ts";
import type { LabOptions } from "./options.ts";
import type { Processes } from "./processes.ts";
import { runtimeEnv } from "./runtimeEnv.ts";
import { until } from "./until.ts";

const NAMESPACE = "serin-system";
const ROLES = ["certs", "webhook", "worker"] as const;
type Role = (typeof ROLES)[number];
type Kubeconfigs = Record<Role, string>;

export interface Access {
  readonly processes: Processes;
  readonly kubectl: Kubectl;
  readonly client: ClusterClient;
  /** The certificate of the lab's authority. */
  readonly ca: string;
}

/** Kinds that run Serin in a cluster; here the lab's processes take their place. */
const LEFT_OUT = ["Deployment", "Job", "Service", "PodDisruptionBudget", "NetworkPolicy", "PriorityClass"];

interface Manifest {
  kind: string;
  metadata: { name: string };
  webhooks?: { clientConfig: { url?: string; service?: { path?: string } } }[];
}

/** Addresses of the processes' health ports, which are also their /metrics. */
export function serinHealth({ webhooks, workers }: LabOptions): Record<string, string> {
  const named = (role: Role, count: number, address: (index: number) => string) =>
    Array.from({ length: count }, (_, i): [string, string] => [`serin-${role}-${i}`, address(i)]);
  return Object.fromEntries([
    ["serin-certs", CERTS_HEALTH],
    ...named("webhook", webhooks, webhookHealth),
    ...named("worker", workers, workerHealth),
  ]);
}

/** Installs Serin's manifests and gives a kubeconfig for each of its ServiceAccounts, after the certs process has made what was missing. */
export async function installSerin(dir: string, { kubectl, client, processes, ca }: Access, options: LabOptions): Promise<Kubeconfigs> {
  await applyManifests(kubectl, options);
  if (options.providedCertificate) await provideCertificate(client, options.providedCertificate);
  const kubeconfigs = await kubeconfigsOf(dir, { client, ca });
  await startCerts(processes, kubeconfigs.certs, options);
  return kubeconfigs;
}

/**
 * What the kubelets of a cluster do with manifests that somebody has applied: as soon as their pods are there, their programs run, from the checkout, with the
 * tokens of their ServiceAccounts. One webhook, at the address of its Service, where kube-apiserver looks for it. Resolves when all are ready.
 */
export async function runInstalled(dir: string, access: Access, options: LabOptions): Promise<void> {
  const { kubectl, processes } = access;
  const pods = () => kubectl(["get", "pods", "-n", NAMESPACE, "-o", "name"]);
  await until("Serin's pods", async () => (await pods()).trim().split("\n").length === 1 + 2 + options.workers);
  const address = await kubectl([
    "get",
    "service",
    "serin-webhook",
    "-n",
    NAMESPACE,
    "-o",
    "jsonpath={.spec.clusterIP}:{.spec.ports[0].port}",
  ]);
  const kubeconfigs = await kubeconfigsOf(dir, access);
  await startCerts(processes, kubeconfigs.certs, options);
  await startSerin(access, kubeconfigs, { ...options, webhooks: 1 }, () => address);
}

async function kubeconfigsOf(dir: string, { client, ca }: Pick<Access, "client" | "ca">): Promise<Kubeconfigs> {
  const written = ROLES.map(async (role) => [role, await writeKubeconfig(dir, `serin-${role}`, ca, await boundToken(client, role))]);
  return Object.fromEntries(await Promise.all(written)) as Kubeconfigs;
}

const provideCertificate = (client: ClusterClient, certificate: ServingCertificate): Promise<unknown> =>
  client.post(`/api/v1/namespaces/${NAMESPACE}/secrets`, {
    metadata: { name: servingSecretName },
    type: "kubernetes.io/tls",
    data: servingSecretData(certificate),
  });

function startCerts(processes: Processes, kubeconfig: string, options: LabOptions): Promise<void> {
  const { certTimes, providedCertificate } = options;
  const times = certTimes === undefined ? {} : { SERIN_CERT_TIMES: certTimes };
  const env = {
    ...roleEnv("certs", kubeconfig, options),
    SERIN_HEALTH: CERTS_HEALTH,
    SERIN_CERTS: providedCertificate ? "provided" : "own",
    ...times,
  };
  const ready = () => answersOk(`http://${CERTS_HEALTH}/readyz`);
  return processes.start({ name: "serin-certs", ...program("certs", options), env, ready, again: true });
}

/** Starts the replicas, each with its role's rights; they start again when they fall, as in a cluster. */
export async function startSerin(
  { processes }: Access,
  kubeconfigs: Kubeconfigs,
  options: LabOptions,
  listen: (index: number) => string = webhookAddress,
): Promise<void> {
  const health = serinHealth(options);
  const start = (role: "webhook" | "worker", index: number) => {
    const name = `serin-${role}-${index}`;
    const addresses = { SERIN_HEALTH: health[name], ...(role === "webhook" ? { SERIN_LISTEN: listen(index) } : {}) };
    const env = { ...roleEnv(role, kubeconfigs[role], options), SERIN_POD_NAME: name, ...addresses };
    return processes.start({ name, ...program(role, options), env, ready: () => answersOk(`http://${health[name]}/readyz`), again: true });
  };
  const webhooks = Array.from({ length: options.webhooks }, (_, i) => start("webhook", i));
  const workers = Array.from({ length: options.workers }, (_, i) => start("worker", i));
  await Promise.all([...webhooks, ...workers, options.webhooks > 1 && startBalancer(processes, options.webhooks)]);
}

function startBalancer(processes: Processes, webhooks: number): Promise<void> {
  const targets = Array.from({ length: webhooks }, (_, i) => webhookAddress(i));
  const args = [join(import.meta.dirname, "balancer.ts"), BALANCER, ...targets];
  return processes.start({ name: "balancer", command: process.execPath, args });
}

async function applyManifests(kubectl: Kubectl, options: LabOptions): Promise<void> {
  const rendered = await kubectl(["kustomize", join(CHECKOUT, "manifests")]);
  const manifests = parseAllDocuments(rendered)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null)
    .filter(({ kind }) => !LEFT_OUT.includes(kind));
  const address = options.webhooks > 1 ? BALANCER : webhookAddress(0);
  for (const { webhooks = [] } of manifests) {
    for (const { clientConfig } of webhooks) {
      if (clientConfig.service === undefined) continue;
      clientConfig.url = `https://${address}${clientConfig.service.path ?? ""}`;
      delete clientConfig.service;
    }
  }
  await kubectl(["apply", "--server-side", "--validate=false", "--field-manager=serin-install", "-f", "-"], asList(manifests));
  const kinds = manifests.filter(({ kind }) => kind === "CustomResourceDefinition").map(({ metadata }) => `crd/${metadata.name}`);
  await kubectl(["wait", "--for=condition=Established", "--timeout=120s", ...kinds]);
}

/** Serin never gets more rights here than its ServiceAccounts have in a cluster. */
async function boundToken(client: ClusterClient, role: Role): Promise<string> {
  const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 24 * 3600 } };
  const path = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/serin-${role}/token`;
  const { status } = await client.post<{ status: { token: string } }>(path, request);
  return status.token;
}

/** Name of the program: of its file in src/bin, in manifests/base, and of what the image's container is told to run. */
const programs = { certs: "certificates", webhook: "webhook", worker: "worker" } as const satisfies Record<Role, string>;

function program(role: Role, { bundles }: LabOptions) {
  const file = bundles === undefined ? join(CHECKOUT, "src", "bin", `${programs[role]}.ts`) : join(bundles, `${programs[role]}.mjs`);
  return { command: process.execPath, args: [file] };
}

function roleEnv(role: Role, kubeconfig: string, { asks = `http://${PROMETHEUS}`, bundles }: LabOptions): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(LAB_|VITEST|NODE_ENV$|TEST$|npm_)/.test(name));
  const own = { KUBECONFIG: kubeconfig, SERIN_NAMESPACE: NAMESPACE, SERIN_PROMETHEUS: asks };
  return { ...Object.fromEntries(inherited), ...own, ...(bundles === undefined ? {} : containerEnv(role)) };
}

/** What the container says to Node, and a port of its own for each inspector, should one be opened (SIGUSR1). */
function containerEnv(role: Role): Record<string, string> {
  const env = runtimeEnv(programs[role]);
  return { ...env, NODE_OPTIONS: `${env["NODE_OPTIONS"] ?? ""} --inspect-port=0` };
}
