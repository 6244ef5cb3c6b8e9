import { ApiError, type ClusterClient, type KubeObject } from "./clusterClient.ts";
import { apiTime } from "./podStatus.ts";

export interface LabNode {
  readonly name: string;
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
}

export const LAB_NODES: readonly LabNode[] = [0, 1, 2].map((n) => ({
  name: `node-${n}`,
  address: `10.244.0.${10 + n}`,
  labels: {
    "kubernetes.io/hostname": `node-${n}`,
    "kubernetes.io/os": "linux",
    "kubernetes.io/arch": "amd64",
    "topology.kubernetes.io/region": "lab",
    "topology.kubernetes.io/zone": `lab-${n}`,
  },
}));

const LEASE_SECONDS = 40;

/** Makes the Node, or brings the status of one that is there up to date. */
export async function registerNode(client: ClusterClient, node: LabNode): Promise<void> {
  const status = nodeStatus(node, apiTime(Date.now()));
  try {
    await client.post("/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata: { name: node.name, labels: node.labels }, status });
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 409)) throw error;
    await client.patch(`/api/v1/nodes/${node.name}/status`, { status });
  }
}

/** The heartbeat. Without it kube-controller-manager calls the node unreachable after 50 s and evicts its pods. */
export async function renewLease(client: ClusterClient, node: LabNode): Promise<void> {
  const path = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
  const spec = { holderIdentity: node.name, leaseDurationSeconds: LEASE_SECONDS, renewTime: new Date().toISOString().replace("Z", "000Z") };
  try {
    await client.patch(`${path}/${node.name}`, { spec }, "application/merge-patch+json");
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error;
    const owner = await client.get<KubeObject>(`/api/v1/nodes/${node.name}`);
    const ownerReferences = [{ apiVersion: "v1", kind: "Node", name: node.name, uid: owner.metadata.uid }];
    await client.post(path, { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: node.name, ownerReferences }, spec });
  }
}

function nodeStatus(node: LabNode, now: string) {
  const capacity = { cpu: "64", memory: "256Gi", "ephemeral-storage": "500Gi", pods: "500" };
  const condition = (type: string, status: string, reason: string) => ({
    type,
    status,
    reason,
    message: "the loopback kubelet says so",
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  });
  return {
    capacity,
    allocatable: capacity,
    conditions: [
      condition("MemoryPressure", "False", "KubeletHasSufficientMemory"),
      condition("DiskPressure", "False", "KubeletHasNoDiskPressure"),
      condition("PIDPressure", "False", "KubeletHasSufficientPID"),
      condition("Ready", "True", "KubeletReady"),
    ],
    addresses: [
      { type: "InternalIP", address: node.address },
      { type: "Hostname", address: node.name },
    ],
    nodeInfo: {
      architecture: "amd64",
      bootID: "lab",
      containerRuntimeVersion: "lab://1",
      kernelVersion: "lab",
      kubeProxyVersion: "",
      kubeletVersion: "v1.36.3",
      machineID: node.name,
      operatingSystem: "linux",
      osImage: "Serin lab",
      systemUUID: node.name,
    },
  };
}
