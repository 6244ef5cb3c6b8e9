import { ApiError, type ClusterClient } from "./clusterClient.ts";
import { listAndWatch } from "./listAndWatch.ts";
import { LAB_NODES, type LabNode, registerNode, renewLease } from "./nodes.ts";
import { ADDRESS_ANNOTATION, mainContainer, type Pod } from "./pod.ts";
import { podAddresses } from "./podAddresses.ts";
import { type RunningPod, runPod } from "./runPod.ts";

const LEASE_EVERY_MS = 10_000;
const RETRY_MS = 300;

/**
 * The loopback kubelet and the scheduler in one: keeps the Nodes alive, binds Pending pods in turn, and runs every pod of
 * its nodes in this process. Resolves when the signal aborts.
 */
export async function runKubelet(client: ClusterClient, log: (line: string) => void, signal: AbortSignal): Promise<void> {
  const addresses = podAddresses();
  const running = new Map<string, RunningPod>();
  const binding = new Set<string>();
  const podsOfImage = new Map<string, number>();
  let turn = 0;

  const stopHeart = keepNodesAlive(client, log);

  function seen(pod: Pod): void {
    const uid = pod.metadata.uid ?? "";
    const known = running.get(uid);
    if (known !== undefined) known.seen(pod);
    else if (pod.spec.nodeName === undefined) bind(pod, uid);
    else start(pod, uid);
  }

  function start(pod: Pod, uid: string): void {
    binding.delete(uid);
    const node = LAB_NODES.find((n) => n.name === pod.spec.nodeName);
    if (node === undefined || pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed") return;
    const own = pod.metadata.annotations?.[ADDRESS_ANNOTATION] ?? (pod.spec.hostNetwork ? node.address : pod.status?.podIP);
    const { image } = mainContainer(pod);
    const nth = podsOfImage.get(image) ?? 0;
    podsOfImage.set(image, nth + 1);
    const started = runPod(pod, { client, log, address: addresses.take(own), hostAddress: node.address, nth });
    running.set(uid, started);
    if (pod.metadata.deletionTimestamp !== undefined) started.seen(pod);
  }

  function gone(uid: string): void {
    binding.delete(uid);
    const ended = running.get(uid);
    if (ended === undefined) return;
    ended.gone();
    running.delete(uid);
    addresses.release(ended.address);
  }

  function bind(pod: Pod, uid: string): void {
    if (binding.has(uid) || pod.metadata.deletionTimestamp !== undefined || (pod.spec.schedulingGates?.length ?? 0) > 0) return;
    const fitting = LAB_NODES.filter((node) =>
      Object.entries(pod.spec.nodeSelector ?? {}).every(([key, value]) => node.labels[key] === value),
    );
    const node = fitting[turn++ % fitting.length];
    if (node === undefined) return;
    binding.add(uid);
    const { namespace, name } = pod.metadata;
    const target = { apiVersion: "v1", kind: "Node", name: node.name };
    const body = { apiVersion: "v1", kind: "Binding", metadata: { name, namespace, uid }, target };
    client.post(`/api/v1/namespaces/${namespace}/pods/${name}/binding`, body).catch((error: unknown) => {
      if (error instanceof ApiError && (error.status === 404 || error.status === 409)) return;
      log(`bind ${namespace}/${name}: ${error instanceof Error ? error.message : error}`);
      setTimeout(() => {
        if (binding.delete(uid)) bind(pod, uid);
      }, RETRY_MS).unref();
    });
  }

  await listAndWatch<Pod>(
    client,
    "/api/v1/pods",
    {
      listed(pods) {
        const present = new Set(pods.map((pod) => pod.metadata.uid));
        for (const uid of [...running.keys()]) if (!present.has(uid)) gone(uid);
        // Those that have an address from an earlier kubelet come first, before it is given away.
        for (const pod of pods.toSorted((a, b) => Number(b.status?.podIP !== undefined) - Number(a.status?.podIP !== undefined))) seen(pod);
      },
      changed: (type, pod) => (type === "DELETED" ? gone(pod.metadata.uid ?? "") : seen(pod)),
      trouble: (error) => log(`watch: ${error instanceof Error ? error.message : error}`),
    },
    signal,
  );
  stopHeart();
  for (const pod of running.values()) pod.gone();
}

/** Registers each node as soon as the API server lets it, then renews its lease for good. */
function keepNodesAlive(client: ClusterClient, log: (line: string) => void): () => void {
  const timers = new Map<string, NodeJS.Timeout>();
  let stopped = false;
  const again = (node: LabNode, registered: boolean, ms: number) => {
    if (!stopped)
      timers.set(
        node.name,
        setTimeout(() => void beat(node, registered), ms),
      );
  };
  const beat = async (node: LabNode, registered: boolean): Promise<void> => {
    try {
      if (!registered) {
        await registerNode(client, node);
        log(`node ${node.name} ${node.address}`);
      }
      await renewLease(client, node);
      again(node, true, LEASE_EVERY_MS);
    } catch (error) {
      if (stopped) return;
      log(`node ${node.name}: ${error instanceof Error ? error.message : error}`);
      // A lease that can't be renewed because its Node was deleted (404) registers anew.
      again(node, registered && !(error instanceof ApiError && error.status === 404), RETRY_MS);
    }
  };
  for (const node of LAB_NODES) void beat(node, false);
  return () => {
    stopped = true;
    for (const timer of timers.values()) clearTimeout(timer);
  };
}
