import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startControlPlane } from "./controlPlane.ts";
import { gatewayObjects, startGateway, startIstiod } from "./istio.ts";
import { asList, type Kubectl, kubectlWith } from "./kubectl.ts";
import { labEnvironment } from "./labEnvironment.ts";
import { LabFault } from "./labFault.ts";
import { DEFAULT_OPTIONS, type LabOptions } from "./options.ts";
import { partFile } from "./parts/ensureParts.ts";
import { Processes } from "./processes.ts";
import { prometheusObjects, startPrometheus } from "./prometheus.ts";
import { serinHealth, startSerin } from "./serin.ts";
import { until } from "./until.ts";

export interface Lab {
  /** Logs `<process>.log`, pids `<process>.pid`, `audit.log`. Gone after `stop`. */
  readonly dir: string;
  /** The environment that a command inside the lab is to run with. */
  readonly env: NodeJS.ProcessEnv;
  /** Every process of the lab by name: serin-worker-0, serin-webhook-0, istiod, envoy, prometheus, kubelet, … */
  readonly processes: Processes;
  kubectl(...args: string[]): Promise<string>;
  /** `kubectl apply -f -` */
  apply(yaml: string): Promise<string>;
  stop(): Promise<void>;
}

/**
 * Starts a lab in the network namespace that the caller is already in, for tests that need one of their own:
 * `npm run --silent lab -- namespace -- npx vitest run --project lab`. Addresses are fixed, so one lab at a time.
 */
export async function startLab(wanted: Partial<LabOptions> = {}): Promise<Lab> {
  if (process.env["LAB_NAMESPACED"] !== "1") {
    throw new LabFault("a lab starts in a network namespace of its own; run: npm run --silent lab -- namespace -- <this command>");
  }
  const options = { ...DEFAULT_OPTIONS, ...wanted };
  const dir = await mkdtemp(join(process.env["LAB_ROOT"] ?? tmpdir(), "lab-"));
  const processes = new Processes(dir);
  const stop = async () => {
    await processes.stopAll();
    await rm(dir, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    const { env, kubectl } = await startParts(dir, processes, options);
    return { dir, env, processes, kubectl: (...args) => kubectl(args), apply: (yaml) => kubectl(["apply", "-f", "-"], yaml), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startParts(dir: string, processes: Processes, options: LabOptions) {
  const has = (part: LabOptions["without"][number]) => !options.without.includes(part);
  const prometheus = has("prometheus")
    ? startPrometheus(dir, processes, options.scrape, { istio: has("istio"), serin: has("serin") ? serinHealth(options) : {} })
    : Promise.resolve();
  const [kubeconfigs] = await Promise.all([startControlPlane(dir, processes), prometheus]);
  const env = await labEnvironment(dir, kubeconfigs.admin, options);
  const kubectl = await kubectlWith(env);
  const ca = await readFile(join(dir, "ca.crt"), "utf8");
  await Promise.all([
    startKubelet(dir, processes, kubeconfigs.kubelet),
    startMesh(dir, processes, kubectl, kubeconfigs.istiod, options).then(async () => {
      if (has("serin")) await startSerin(dir, processes, kubectl, ca, options);
    }),
    usable(kubectl),
  ]);
  return { env, kubectl };
}

async function startKubelet(dir: string, processes: Processes, kubeconfig: string): Promise<void> {
  const args = [join(import.meta.dirname, "kubelet", "bin.ts")];
  await processes.start({
    name: "kubelet",
    command: process.execPath,
    args,
    env: { ...process.env, KUBECONFIG: kubeconfig, LAB_DIR: dir },
  });
}

async function startMesh(dir: string, processes: Processes, kubectl: Kubectl, kubeconfig: string, options: LabOptions): Promise<void> {
  const istio = !options.without.includes("istio");
  const objects = [...(istio ? gatewayObjects : []), ...(options.without.includes("prometheus") ? [] : prometheusObjects)];
  if (objects.length === 0) return;
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "istio-system" } };
  // One after the other: who asks for a kind too early, or is refused a connection, waits ever longer before he tries again.
  const startGatewayWhenKnown = async () => {
    await kubectl(["create", "--validate=false", "-f", await partFile("istio-crds.yaml")]);
    await startIstiod(dir, processes, kubeconfig, options.debounce);
    await startGateway(dir, processes);
  };
  const created = kubectl(["create", "--validate=false", "-f", "-"], asList([namespace, ...objects]));
  if (!istio) return void (await created);
  await Promise.all([
    created.then(() => kubectl(["wait", "--for=condition=Ready", "--timeout=60s", "-n", "istio-system", "pod/istio-ingressgateway"])),
    startGatewayWhenKnown(),
  ]);
}

/** A cluster in which nothing can be created is not ready yet, whatever kube-apiserver says. */
async function usable(kubectl: Kubectl): Promise<void> {
  await until("the namespace default and its ServiceAccount", () => kubectl(["get", "serviceaccount", "default", "-n", "default"]));
  await until("a Node that is ready", async () => {
    await kubectl(["wait", "--for=condition=Ready", "--timeout=30s", "node", "--all"]);
    return true;
  });
}
