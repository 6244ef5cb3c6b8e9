/** Serin from the checkout: its manifests, its ServiceAccounts' rights and nothing more, its processes. */
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { kinds } from "../../src/api/crd.ts";
import { group } from "../../src/api/names.ts";
import { type ServingCertificate, servingSecretData, servingSecretName } from "../../src/tls/servingSecret.ts";
import { APISERVER, APISERVER_SERVICE, BALANCER, CERTS_HEALTH, webhookAddress, webhookHealth, workerHealth } from "./addresses.ts";
import { installChart, webhookService } from "./byChart.ts";
import { writeServiceAccount } from "./container.ts";
import { answersOk } from "./httpAnswers.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { asList, type Kubectl } from "./kubectl.ts";
import type { ClusterClient } from "./kubelet/clusterClient.ts";
import { CHECKOUT } from "./labEnvironment.ts";
import type { LabOptions } from "./options.ts";
import type { Processes } from "./processes.ts";
import { NAMESPACE, program } from "./serinProgram.ts";
import { until } from "./until.ts";

const ROLES = ["certs", "webhook", "worker"] as const;
type Role = (typeof ROLES)[number];
/** A kubeconfig for each of its ServiceAccounts; for Serin from the image the folder that a pod would find. */
type Accounts = Record<Role, string>;

export interface Access {
  readonly processes: Processes;
  readonly kubectl: Kubectl;
  readonly client: ClusterClient;
  /** Of commands inside the lab. */
  readonly env: NodeJS.ProcessEnv;
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

/**
 * Installs Serin's manifests and gives a kubeconfig for each of its ServiceAccounts, after the certs process has made what was missing.
 * @returns where the account of each program lies, for `startSerin`
 */
export async function installSerin(dir: string, access: Access, options: LabOptions): Promise<Accounts> {
  const { kubectl, client, processes, env } = access;
  await (options.chart ? installChart(env) : applyManifests(kubectl, options));
  await untilEstablished(kubectl);
  if (options.providedCertificate) await provideCertificate(client, options.providedCertificate);
  const accounts = await accountsOf(dir, access, options);
  if (options.image) await startApiserverService(processes);
  await startCerts(processes, accounts.certs, options);
  return accounts;
}

/** `kubernetes.default.svc`, as pods reach kube-apiserver. */
function startApiserverService(processes: Processes): Promise<void> {
  const args = [join(import.meta.dirname, "balancer.ts"), APISERVER_SERVICE, APISERVER.slice("https://".length)];
  return processes.start({ name: "kubernetes-service", command: process.execPath, args });
}

/**
 * What the kubelets of a cluster do with manifests that somebody has applied: as soon as their pods are there, their programs run, from the checkout, with the
 * tokens of their ServiceAccounts. One webhook, at the address of its Service, where kube-apiserver looks for it. Resolves when all are ready.
 */
export async function runInstalled(dir: string, access: Access, options: LabOptions): Promise<void> {
  const { kubectl, processes } = access;
  const pods = () => kubectl(["get", "pods", "-n", NAMESPACE, "-o", "name"]);
  await until("Serin's pods", async () => (await pods()).trim().split("\n").length === 1 + 2 + options.workers);
  const address = await webhookService(kubectl);
  const accounts = await accountsOf(dir, access, options);
  await startCerts(processes, accounts.certs, options);
  await startSerin(access, accounts, { ...options, webhooks: 1 }, () => address);
}

async function accountsOf(dir: string, { client, ca }: Pick<Access, "client" | "ca">, { image }: LabOptions): Promise<Accounts> {
  const written = ROLES.map(async (role) => {
    const token = await boundToken(client, role);
    const account =
      image === undefined
        ? await writeKubeconfig(dir, `serin-${role}`, ca, token)
        : await writeServiceAccount(join(dir, `serin-${role}`), { ca, token, namespace: NAMESPACE });
    return [role, account];
  });
  return Object.fromEntries(await Promise.all(written)) as Accounts;
}

const provideCertificate = (client: ClusterClient, certificate: ServingCertificate): Promise<unknown> =>
  client.post(`/api/v1/namespaces/${NAMESPACE}/secrets`, {
    metadata: { name: servingSecretName },
    type: "kubernetes.io/tls",
    data: servingSecretData(certificate),
  });

function startCerts(processes: Processes, account: string, options: LabOptions): Promise<void> {
  const { certTimes, providedCertificate } = options;
  const times = certTimes === undefined ? {} : { SERIN_CERT_TIMES: certTimes };
  const env = {
    SERIN_HEALTH: CERTS_HEALTH,
    SERIN_CERTS: providedCertificate ? "provided" : "own",
    ...times,
  };
  const ready = () => answersOk(`http://${CERTS_HEALTH}/readyz`);
  return processes.start({ name: "serin-certs", ...program("certificates", account, env, options), ready, again: true });
}

/** Starts the replicas, each with its role's rights; they start again when they fall, as in a cluster. */
export async function startSerin(
  { processes, kubectl }: Access,
  accounts: Accounts,
  options: LabOptions,
  listen: (index: number) => string = webhookAddress,
): Promise<void> {
  const health = serinHealth(options);
  const start = (role: "webhook" | "worker", index: number) => {
    const name = `serin-${role}-${index}`;
    const addresses = { SERIN_HEALTH: health[name], ...(role === "webhook" ? { SERIN_LISTEN: listen(index) } : {}) };
    const started = program(role, accounts[role], { SERIN_POD_NAME: name, ...addresses }, options);
    return processes.start({ name, ...started, ready: () => answersOk(`http://${health[name]}/readyz`), again: true });
  };
  const webhooks = Array.from({ length: options.webhooks }, (_, i) => start("webhook", i));
  const workers = Array.from({ length: options.workers }, (_, i) => start("worker", i));
  const service = options.chart ? await webhookService(kubectl) : BALANCER;
  const asked = options.chart || options.webhooks > 1;
  await Promise.all([...webhooks, ...workers, asked && startBalancer(processes, service, options.webhooks)]);
}

function startBalancer(processes: Processes, service: string, webhooks: number): Promise<void> {
  // One more, for the surge of a rolling update; while nobody listens there it is passed over.
  const targets = Array.from({ length: webhooks + 1 }, (_, i) => webhookAddress(i));
  const args = [join(import.meta.dirname, "balancer.ts"), service, ...targets];
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
}

const untilEstablished = (kubectl: Kubectl): Promise<string> =>
  kubectl(["wait", "--for=condition=Established", "--timeout=120s", ...kinds.map(({ plural }) => `crd/${plural}.${group}`)]);

/** Serin never gets more rights here than its ServiceAccounts have in a cluster. */
async function boundToken(client: ClusterClient, role: Role): Promise<string> {
  const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 24 * 3600 } };
  const path = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/serin-${role}/token`;
  const { status } = await client.post<{ status: { token: string } }>(path, request);
  return status.token;
}
