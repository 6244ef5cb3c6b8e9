/** Serin from the checkout: its manifests, its ServiceAccounts' rights and nothing more, its processes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { type ServingCertificate, servingSecretData, servingSecretName } from "../../src/tls/servingSecret.ts";
import {
  APISERVER,
  APISERVER_SERVICE,
  BALANCER,
  CERTS_HEALTH,
  PROMETHEUS,
  webhookAddress,
  webhookHealth,
  workerHealth,
} from "./addresses.ts";
import { inContainer, writeServiceAccount } from "./container.ts";
import { answersOk } from "./httpAnswers.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { asList, type Kubectl } from "./kubectl.ts";
import type { ClusterClient } from "./kubelet/clusterClient.ts";
import { CHECKOUT } from "./labEnvironment.ts";
import type { LabOptions } from "./options.ts";
import type { Processes } from "./processes.ts";

const NAMESPACE = "serin-system";
const ROLES = ["certs", "webhook", "worker"] as const;
type Role = (typeof ROLES)[number];
/** A kubeconfig for each of its ServiceAccounts; for Serin from the image the folder that a pod would find. */
type Accounts = Record<Role, string>;

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
export async function installSerin(dir: string, { kubectl, client, processes, ca }: Access, options: LabOptions): Promise<Accounts> {
  await applyManifests(kubectl, options);
  if (options.providedCertificate) await provideCertificate(client, options.providedCertificate);
  const accounts = Object.fromEntries(
    await Promise.all(ROLES.map(async (role) => [role, await writeAccount(dir, role, ca, await boundToken(client, role), options)])),
  ) as Accounts;
  if (options.image) await startApiserverService(processes);
  await startCerts(processes, accounts.certs, options);
  return accounts;
}

const writeAccount = (dir: string, role: Role, ca: string, token: string, { image }: LabOptions): Promise<string> =>
  image === undefined
    ? writeKubeconfig(dir, `serin-${role}`, ca, token)
    : writeServiceAccount(join(dir, `serin-${role}`), { ca, token, namespace: NAMESPACE });

/** `kubernetes.default.svc`, as pods reach kube-apiserver. */
function startApiserverService(processes: Processes): Promise<void> {
  const args = [join(import.meta.dirname, "balancer.ts"), APISERVER_SERVICE, APISERVER.slice("https://".length)];
  return processes.start({ name: "kubernetes-service", command: process.execPath, args });
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
export async function startSerin({ processes }: Access, accounts: Accounts, options: LabOptions): Promise<void> {
  const health = serinHealth(options);
  const start = (role: "webhook" | "worker", index: number) => {
    const name = `serin-${role}-${index}`;
    const addresses = { SERIN_HEALTH: health[name], ...(role === "webhook" ? { SERIN_LISTEN: webhookAddress(index) } : {}) };
    const started = program(role, accounts[role], { SERIN_POD_NAME: name, ...addresses }, options);
    return processes.start({ name, ...started, ready: () => answersOk(`http://${health[name]}/readyz`), again: true });
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

/** From the checkout with everything that this process has in its environment; from the image with nothing but what a pod gets. */
function program(name: string, account: string, own: NodeJS.ProcessEnv, { image, asks = `http://${PROMETHEUS}` }: LabOptions) {
  const env = { SERIN_NAMESPACE: NAMESPACE, SERIN_PROMETHEUS: asks, ...own };
  if (image !== undefined) return inContainer(image, { args: [name], env: { ...manifestEnv(name), ...env }, account });
  const inherited = Object.entries(process.env).filter(([key]) => !/^(LAB_|VITEST|NODE_ENV$|TEST$|npm_)/.test(key));
  return {
    command: process.execPath,
    args: [join(CHECKOUT, "src", "bin", `${name}.ts`)],
    env: { ...Object.fromEntries(inherited), KUBECONFIG: account, ...env },
  };
}

/** The values that the program's Deployment writes out. */
function manifestEnv(name: string): NodeJS.ProcessEnv {
  const deployment = parseAllDocuments(
    readFileSync(join(CHECKOUT, "manifests", "base", `${name}.yaml`), "utf8"),
  )[0]?.toJS() as PodTemplated;
  const env = deployment.spec.template.spec.containers.flatMap((container) => container.env);
  return Object.fromEntries(env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])));
}

interface PodTemplated {
  spec: { template: { spec: { containers: { env: { name: string; value?: string }[] }[] } } };
}
