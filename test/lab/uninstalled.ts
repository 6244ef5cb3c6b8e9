/** Serin comes and goes in a lab that stays: what a kubelet would do with its pods, and what a team finds on its own objects afterwards. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { kubectlWith } from "./kubectl.ts";
import { connectCluster } from "./kubelet/clusterClient.ts";
import type { Lab } from "./lab.ts";
import { CHECKOUT } from "./labEnvironment.ts";
import type { LabOptions } from "./options.ts";
import { installSerin, startSerin } from "./serin.ts";
import type { Story } from "./story.ts";

export const serinProcesses = ({ processes }: Lab): string[] =>
  processes.names.filter((name) => name.startsWith("serin-") && processes.pid(name) !== undefined);

/** `kubectl apply -k manifests/` once more, with processes that have the new ServiceAccounts' tokens. */
export async function installAgain(lab: Lab, options: LabOptions): Promise<void> {
  const kubeconfig = lab.env["KUBECONFIG"] ?? "";
  const client = connectCluster(kubeconfig, "lab");
  try {
    const ca = await readFile(join(lab.dir, "ca.crt"), "utf8");
    const access = { processes: lab.processes, kubectl: await kubectlWith(lab.env), client, env: lab.env, ca };
    await startSerin(access, await installSerin(lab.dir, access, options), options);
  } finally {
    await client.close();
  }
}

/**
 * A pod in Serin's namespace that ends when the test says so, as the worker's does when the worker has ended: Kubernetes 1.34 and later leave everything
 * else in a namespace alone until its pods are gone. Without it all goes at once, as before 1.34 and by `kubectl delete -k`.
 */
export async function standIn(story: Story): Promise<{ ends: () => Promise<string> }> {
  const securityContext = {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    capabilities: { drop: ["ALL"] },
    seccompProfile: { type: "RuntimeDefault" },
  };
  const metadata = { name: "stand-in", namespace: "serin-system", finalizers: ["lab.example/worker"] };
  const spec = { containers: [{ name: "worker", image: "stand-in:1", securityContext }] };
  await story.lab.apply(JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata, spec }));
  const none = '{"metadata":{"finalizers":null}}';
  return { ends: () => story.kubectl("patch", "pod", "stand-in", "-n", "serin-system", "--type=merge", "-p", none) };
}

/** What a kubelet does once the pods are deleted. @returns milliseconds until the last one ended */
export async function terminate(lab: Lab): Promise<number> {
  const from = Date.now();
  await Promise.all(serinProcesses(lab).map((name) => lab.processes.kill(name, "SIGTERM")));
  return Date.now() - from;
}

/** Everything at once, as people type it. */
export const deleteManifests = (story: Story): Promise<string> =>
  story.kubectl("delete", "-k", join(CHECKOUT, "manifests"), "--ignore-not-found", "--timeout=90s");

interface Stored {
  kind: string;
  metadata: Record<string, unknown> & { name: string; annotations?: Record<string, string> };
  spec?: unknown;
}

/** The team's own objects, byte for byte but for what Kubernetes itself writes. */
export async function teamsObjects(story: Story): Promise<Record<string, unknown>> {
  const kinds = "deployments,services,virtualservices,destinationrules,gateways.networking.istio.io";
  const { items } = JSON.parse(await story.kubectl("get", kinds, "-o", "json")) as { items: Stored[] };
  return Object.fromEntries(
    items.map(({ kind, metadata, spec }) => {
      const { resourceVersion: _, generation: __, annotations = {}, ...kept } = metadata;
      const { "deployment.kubernetes.io/revision": ___, ...notes } = annotations;
      return [`${kind} ${metadata.name}`, { metadata: { ...kept, annotations: notes }, spec }];
    }),
  );
}

/** Names of everything in the cluster that is Serin's, and of everything in the team's namespace that still bears a mark of it. */
export async function leftBehind(story: Story): Promise<string[]> {
  const cluster =
    "namespaces,crd,mutatingwebhookconfigurations,validatingwebhookconfigurations,mutatingadmissionpolicies,mutatingadmissionpolicybindings,validatingadmissionpolicies,validatingadmissionpolicybindings,clusterroles,clusterrolebindings,priorityclasses";
  const names = (await story.kubectl("get", cluster, "-o", "name")).split("\n").filter((name) => name.includes("serin"));
  return [...names, ...(await marked(story))];
}

/**
 * Objects of the team, and those that Kubernetes made of them, that bear a mark of Serin: label, annotation, finalizer, owner, field manager. But for who
 * made the ReplicaSet of a promoted canary: that was Serin, and Kubernetes remembers it.
 */
export async function marked(story: Story): Promise<string[]> {
  const kinds = "deployments,replicasets,pods,services,virtualservices,destinationrules";
  const { items } = JSON.parse(await story.kubectl("get", kinds, "-o", "json", "--show-managed-fields")) as { items: Stored[] };
  return items
    .filter(({ kind, metadata: { annotations, ...rest } }) => {
      const { "kubectl.kubernetes.io/last-applied-configuration": _, ...notes } = annotations ?? {};
      const managedFields = kind === "ReplicaSet" ? [] : ofWriters(rest["managedFields"]);
      return /serin/.test(JSON.stringify({ ...rest, managedFields, notes }));
    })
    .map(({ kind, metadata }) => `${kind} ${metadata.name}`);
}

const ofWriters = (managedFields: unknown): unknown =>
  (managedFields as { manager: string; operation: string }[] | undefined)?.map(({ manager, operation }) => ({ manager, operation }));
