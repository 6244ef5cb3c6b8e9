import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startControlPlane } from "./controlPlane.ts";
import { injectorObjects } from "./injector.ts";
import { gatewayObjects, startGateway, startIstiod } from "./istio.ts";
import { asList, type Kubectl, kubectlWith } from "./kubectl.ts";
import { type ClusterClient, connectCluster } from "./kubelet/clusterClient.ts";
import { labEnvironment } from "./labEnvironment.ts";
import { LabFault } from "./labFault.ts";
import { DEFAULT_OPTIONS, type LabOptions, type OptionalPart } from "./options.ts";
import { partFile } from "./parts/ensureParts.ts";
import { Processes } from "./processes.ts";
import { prometheusObjects, startPrometheus } from "./prometheus.ts";
import { installSerin, serinHealth, startSerin } from "./serin.ts";
import { untilUsable } from "./untilUsable.ts";

export interface Lab {
  /** Logs `<process>.log`, pids `<process>.pid`, `audit.log`. Gone after `stop`. */
  readonly dir: string;
  /** The environment that a command inside the lab is to run with. */
  readonly env: NodeJS.ProcessEnv;
  /** Every process of the lab by name: serin-worker-0, serin-webhook-0, istiod, envoy, prometheus, kubelet, … */
  readonly processes: Processes;
  kubectl(...args: string[]): Promise<string>;
  /** What a test waits with: each look by kubectl is a process that takes 70 ms of CPU. */
  readonly client: ClusterClient;
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
  if (options.injector && options.without.includes("istio")) throw new LabFault("--injector: without istio there is none");
  const dir = await mkdtemp(join(process.env["LAB_ROOT"] ?? tmpdir(), "lab-"));
  const processes = new Processes(dir);
  const opened: ClusterClient[] = [];
  const stop = async () => {
    await Promise.all(opened.map((client) => client.close()));
    await processes.stopAll();
    await rm(dir, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    const { env, kubectl, client } = await startParts(dir, processes, options, opened);
    return { dir, env, processes, kubectl: (...args) => kubectl(args), client, apply: (yaml) => kubectl(["apply", "-f", "-"], yaml), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @param opened whatever it opens, also when it fails */
async function startParts(dir: string, processes: Processes, options: LabOptions, opened: ClusterClient[]) {
  const has = (part: OptionalPart) => !options.without.includes(part);
  const prometheus = has("prometheus")
    ? startPrometheus(dir, processes, options.scrape, { istio: has("istio"), serin: has("serin") ? serinHealth(options) : {} })
    : Promise.resolve();
  const [kubeconfigs] = await Promise.all([startControlPlane(dir, processes, options), prometheus]);
  const env = await labEnvironment(dir, kubeconfigs.admin, options);
  const kubectl = await kubectlWith(env);
  const client = connectCluster(kubeconfigs.admin, "lab");
  opened.push(client);
  const access = { processes, kubectl, client, env, ca: await readFile(join(dir, "ca.crt"), "utf8") };
  const injector = options.injector ? await injectorObjects(access.ca) : [];
  const istioKinds = has("istio") ? createIstioKinds(kubectl) : Promise.resolve();
  const objects = createObjects(kubectl, [
    ...(has("istio") ? gatewayObjects : []),
    ...injector,
    ...(has("prometheus") ? prometheusObjects : []),
  ]);
  await Promise.all([
    startKubelet(dir, processes, kubeconfigs.kubelet),
    objects,
    has("istio") &&
      Promise.all([istioKinds, options.injector && objects]).then(() => startMesh(dir, processes, kubeconfigs.istiod, options)),
    // A worker that starts before Istio's kinds are there would take the mesh to be absent.
    has("serin") && Promise.all([installSerin(dir, access, options), istioKinds]).then(([own]) => startSerin(access, own, options)),
  ]);
  await untilUsable(client, has("istio"));
  return { env, kubectl, client };
}

async function startKubelet(dir: string, processes: Processes, kubeconfig: string): Promise<void> {
  const args = [join(import.meta.dirname, "kubelet", "bin.ts")];
  const env = { ...process.env, KUBECONFIG: kubeconfig, LAB_DIR: dir };
  await processes.start({ name: "kubelet", command: process.execPath, args, env });
}

// Without client-side validation: it makes kube-apiserver compute its whole OpenAPI document, which takes seconds.
const CREATE = ["create", "--validate=false", "-f"];

async function createIstioKinds(kubectl: Kubectl): Promise<void> {
  await kubectl([...CREATE, await partFile("istio-crds.yaml")]);
}

async function createObjects(kubectl: Kubectl, objects: readonly object[]): Promise<void> {
  if (objects.length === 0) return;
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "istio-system" } };
  await kubectl([...CREATE, "-"], asList([namespace, ...objects]));
}

/** One after the other: whoever asks for a kind too early, or is refused a connection, waits ever longer before he tries again. */
async function startMesh(dir: string, processes: Processes, kubeconfig: string, options: LabOptions): Promise<void> {
  await startIstiod(dir, processes, kubeconfig, options);
  await startGateway(dir, processes);
}
