/** Serin from the checkout: its manifests, its ServiceAccounts' rights and nothing more, its processes. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { BALANCER, PROMETHEUS, webhookAddress, webhookHealth, workerHealth } from "./addresses.ts";
import { answersOk } from "./httpAnswers.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { asList, type Kubectl } from "./kubectl.ts";
import { CHECKOUT } from "./labEnvironment.ts";
import type { LabOptions } from "./options.ts";
import type { Processes } from "./processes.ts";
import { say } from "./say.ts";

const NAMESPACE = "serin-system";
const ROLES = ["certs", "webhook", "worker"] as const;
type Role = (typeof ROLES)[number];

/** Kinds that run Serin in a cluster; here the lab's processes take their place. */
const LEFT_OUT = ["Deployment", "Job", "Service", "PodDisruptionBudget", "NetworkPolicy", "PriorityClass"];

interface Manifest {
  kind: string;
  webhooks?: { clientConfig: { url?: string; service?: { path?: string } } }[];
}

/** Addresses of the processes' health ports, which are also their /metrics. */
export function serinHealth({ webhooks, workers }: LabOptions): Record<string, string> {
  const named = (role: string, count: number, address: (index: number) => string) =>
    Array.from({ length: count }, (_, i): [string, string] => [`serin-${role}-${i}`, address(i)]);
  return Object.fromEntries([...named("webhook", webhooks, webhookHealth), ...named("worker", workers, workerHealth)]);
}

/** Brings Serin up. What the checkout does not have yet is left out, with a line that says so. */
export async function startSerin(dir: string, processes: Processes, kubectl: Kubectl, ca: string, options: LabOptions): Promise<void> {
  if (!existsSync(join(CHECKOUT, "manifests", "kustomization.yaml"))) {
    say("manifests/ has no kustomization.yaml yet: of Serin there are only the CRDs");
    await kubectl(["apply", "--server-side", "-f", join(CHECKOUT, "manifests", "crd")]);
    return;
  }
  await applyManifests(kubectl, options);
  const kubeconfigs = await roleKubeconfigs(dir, kubectl, ca);
  if (kubeconfigs === undefined) return;

  const program = (name: string) => sourceOf(name);
  const bootstrap = program("bootstrap");
  if (bootstrap !== undefined) {
    await processes.runToEnd({ name: "serin-bootstrap", command: process.execPath, args: [bootstrap], env: roleEnv(kubeconfigs.certs) });
  }
  const starts: Promise<void>[] = [];
  const health = serinHealth(options);
  for (const [role, count] of [
    ["webhook", options.webhooks],
    ["worker", options.workers],
  ] as const) {
    const source = count > 0 ? program(role) : undefined;
    if (source === undefined) continue;
    for (let i = 0; i < count; i++) {
      const name = `serin-${role}-${i}`;
      const env = {
        ...roleEnv(kubeconfigs[role]),
        SERIN_POD_NAME: name,
        SERIN_HEALTH: health[name],
        ...(role === "webhook" ? { SERIN_LISTEN: webhookAddress(i) } : {}),
      };
      const ready = () => answersOk(`http://${health[name]}/readyz`);
      starts.push(processes.start({ name, command: process.execPath, args: [source], env, ready }));
    }
  }
  if (options.webhooks > 1) {
    const targets = Array.from({ length: options.webhooks }, (_, i) => webhookAddress(i));
    const args = [join(import.meta.dirname, "balancer.ts"), BALANCER, ...targets];
    starts.push(processes.start({ name: "balancer", command: process.execPath, args }));
  }
  await Promise.all(starts);
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
  await kubectl(["apply", "--server-side", "--field-manager=serin-install", "-f", "-"], asList(manifests));
  await kubectl(["wait", "--for=condition=Established", "--timeout=30s", "crd", "--all"]);
}

/** Kubeconfigs with bound tokens of the ServiceAccounts: Serin never gets more rights here than in a cluster. */
async function roleKubeconfigs(dir: string, kubectl: Kubectl, ca: string): Promise<Record<Role, string> | undefined> {
  try {
    const files = await Promise.all(
      ROLES.map(async (role) => {
        const token = await kubectl(["create", "token", `serin-${role}`, "-n", NAMESPACE, "--duration=24h"]);
        return writeKubeconfig(dir, `serin-${role}`, ca, token.trim());
      }),
    );
    return Object.fromEntries(ROLES.map((role, i) => [role, files[i]])) as Record<Role, string>;
  } catch (error) {
    say(`Serin is left out, a ServiceAccount is missing: ${(error as Error).message}`);
    return undefined;
  }
}

function sourceOf(program: string): string | undefined {
  const file = join(CHECKOUT, "src", "bin", `${program}.ts`);
  if (existsSync(file)) return file;
  say(`src/bin/${program}.ts does not exist yet: left out`);
  return undefined;
}

function roleEnv(kubeconfig: string): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(LAB_|VITEST|NODE_ENV$|TEST$|npm_)/.test(name));
  return { ...Object.fromEntries(inherited), KUBECONFIG: kubeconfig, SERIN_NAMESPACE: NAMESPACE, SERIN_PROMETHEUS: `http://${PROMETHEUS}` };
}
