import type { ClusterClient } from "./kubelet/clusterClient.ts";
import { LAB_NODES } from "./kubelet/nodes.ts";
import { until } from "./until.ts";

interface WithConditions {
  status?: { conditions?: { type: string; status: string }[] };
}

/**
 * A cluster in which no pod can be created and started is not ready yet, whatever kube-apiserver says. Asked over one
 * connection: a kubectl for each look would cost more than what it waits for.
 */
export async function untilUsable(client: ClusterClient, gateway: boolean): Promise<void> {
  const ready = async (path: string) => {
    const { status } = await client.get<WithConditions>(path);
    return status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") === true;
  };
  await until("the ServiceAccount of the namespace default", () => client.get("/api/v1/namespaces/default/serviceaccounts/default"));
  for (const { name } of LAB_NODES) await until(`the Node ${name} to be ready`, () => ready(`/api/v1/nodes/${name}`));
  if (gateway) await until("the gateway's pod to be ready", () => ready("/api/v1/namespaces/istio-system/pods/istio-ingressgateway"));
}
