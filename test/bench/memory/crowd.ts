import { type ClusterClient, connectCluster } from "../../lab/kubelet/clusterClient.ts";
import { HOLLOW_LABEL } from "../../lab/kubelet/pod.ts";
import { until } from "../../lab/until.ts";

export interface CrowdOptions {
  deployments: number;
  /** Pods of each. They have a status and no server: nobody calls them. */
  replicas: number;
  /** ReplicaSets of each: the present one, and those of earlier templates. */
  revisions: number;
  /** Whether each has a VirtualService. istiod reads them all again for each change of any: minutes of CPU with 100 plans. */
  routes: boolean;
}

const perNamespace = 50;
const mark = "memory-crowd";

/**
 * Deployments as teams have them, about 7 KiB each as stored (research/performance.md §2), each with a Service. ReplicaSets, pods
 * and endpoints are what kube-controller-manager makes of them. Resolves when all pods are ready.
 */
export async function makeCrowd(kubeconfig: string, { deployments, replicas, revisions, routes }: CrowdOptions): Promise<void> {
  const client = connectCluster(kubeconfig, "memory-crowd");
  const places = Array.from({ length: deployments }, (_, i) => ({ name: `app-${i}`, namespace: `crowd-${Math.floor(i / perNamespace)}` }));
  try {
    for (const name of new Set(places.map(({ namespace }) => namespace)))
      await client.post("/api/v1/namespaces", { metadata: { name, labels: { team: name } } });
    await Promise.all(places.map((place) => makeOne(client, place, routes)));
    for (let revision = 2; revision <= revisions; revision++) {
      await allOf(client, deployments, `to have revision ${revision - 1}`, (one) => one.revision >= revision - 1);
      const template = { metadata: { annotations: { revision: String(revision) } } };
      await Promise.all(places.map((place) => client.patch(deploymentPath(place), { spec: { template } })));
    }
    await allOf(client, deployments, `to have revision ${revisions}`, (one) => one.revision >= revisions);
    if (replicas === 0) return;
    await Promise.all(places.map((place) => client.patch(deploymentPath(place), { spec: { replicas } })));
    await allOf(client, deployments, `to have ${replicas} pods`, (one) => one.available === replicas);
  } finally {
    await client.close();
  }
}

interface Place {
  name: string;
  namespace: string;
}

const deploymentPath = ({ name, namespace }: Place) => `/apis/apps/v1/namespaces/${namespace}/deployments/${name}?fieldManager=team`;

async function makeOne(client: ClusterClient, place: Place, hasRoute: boolean): Promise<void> {
  const { name, namespace } = place;
  await client.patch(deploymentPath(place), deployment(name), "application/apply-patch+yaml");
  await client.post(`/api/v1/namespaces/${namespace}/services`, {
    metadata: { name },
    spec: { selector: { app: name }, ports: [{ name: "http", port: 80, targetPort: 8080 }] },
  });
  if (!hasRoute) return;
  await client.post(`/apis/networking.istio.io/v1/namespaces/${namespace}/virtualservices`, {
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: { name },
    spec: { hosts: [name], http: [{ route: [{ destination: { host: name, port: { number: 80 } } }] }] },
  });
}

function deployment(name: string): unknown {
  const labels = { app: name, team: "crowd", "app.kubernetes.io/part-of": mark };
  const probe = { httpGet: { path: "/healthz", port: 8080 }, periodSeconds: 10, failureThreshold: 3 };
  const resources = { limits: { cpu: "500m", memory: "512Mi" }, requests: { cpu: "100m", memory: "128Mi" } };
  const env = Array.from({ length: 15 }, (_, i) => ({ name: `SETTING_${i}`, value: `https://service-${i}.example.com/of/${name}` }));
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, labels, annotations: { note: "x".repeat(2_000) } },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { ...labels, [HOLLOW_LABEL]: "true" }, annotations: { "prometheus.io/scrape": "true" } },
        spec: {
          containers: [
            {
              name: "app",
              image: `team/${name}:1.0`,
              ports: [{ containerPort: 8080 }],
              env,
              resources,
              livenessProbe: probe,
              readinessProbe: probe,
            },
            { name: "logs", image: "team/logs:3.2", env: env.slice(0, 4), resources },
          ],
        },
      },
    },
  };
}

interface Seen {
  revision: number;
  available: number;
}

interface Listed {
  items: { metadata: { annotations?: Record<string, string> }; status?: { availableReplicas?: number } }[];
}

async function allOf(client: ClusterClient, count: number, what: string, holds: (one: Seen) => boolean): Promise<void> {
  const path = `/apis/apps/v1/deployments?labelSelector=app.kubernetes.io/part-of=${mark}`;
  await until(
    `all ${count} Deployments ${what}`,
    async () => {
      const { items } = await client.get<Listed>(path);
      const seen = items.map(({ metadata, status }) => ({
        revision: Number(metadata.annotations?.["deployment.kubernetes.io/revision"] ?? 0),
        available: status?.availableReplicas ?? 0,
      }));
      return seen.length === count && seen.every(holds);
    },
    600,
  );
}
