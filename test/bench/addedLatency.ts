import { type ClusterClient, connectCluster } from "../lab/kubelet/clusterClient.ts";
import { until } from "../lab/until.ts";
import { quantile } from "../webhook/flood/reviewer.ts";
import { openLoop } from "./openLoop.ts";

const deployment = "/apis/apps/v1/namespaces/default/deployments/bench";
const configuration = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/canary-serin";
const merge = "application/merge-patch+json";

export interface Added {
  /** Milliseconds of a write without and with the webhook, and what it adds: the median over pairs of rounds. */
  p50: { without: number; beside: number; added: number };
  p99: { without: number; beside: number; added: number };
  /** Reviews of all template changes made. */
  reviews: { asked: number; made: number };
  /** Reviews that status, scale and annotation writes cost, of so many such writes. */
  silent: { asked: number; made: number };
}

export interface LatencyOptions {
  perSecond?: number;
  /** Seconds of one round; each pair is one without the webhook and one with it. */
  seconds?: number;
  pairs?: number;
  /** Where the webhook tells its figures. */
  metrics: string;
}

/** A Deployment that no policy is for, written over and over as a dry-run: admission runs in full, and etcd's disk is out of the picture. */
export async function addedLatency(
  kubeconfig: string,
  { perSecond = 200, seconds = 10, pairs = 5, metrics }: LatencyOptions,
): Promise<Added> {
  const api = connectCluster(kubeconfig, "serin-bench");
  const asked = async () =>
    Number(
      /^serin_webhook_request_duration_seconds_count\{kind="apps\/Deployment"\} (\d+)$/m.exec(await (await fetch(metrics)).text())?.[1] ??
        0,
    );
  try {
    await create(api);
    const webhook = await switchFor(api, asked);
    const round = (isOn: boolean) => webhook(isOn).then(() => openLoop(perSecond, perSecond * seconds, (i) => write(api, i)));
    const before = await asked();
    await openLoop(perSecond, perSecond, (i) => write(api, i));
    const rounds: Array<{ without: number[]; beside: number[] }> = [];
    for (let i = 0; i < pairs; i++) rounds.push({ without: await round(false), beside: await round(true) });
    const made = (await asked()) - before;
    const at = (share: number) => {
      const values = rounds.map(({ without, beside }) => ({ without: quantile(without, share), beside: quantile(beside, share) }));
      const median = (pick: (value: (typeof values)[number]) => number) => quantile(values.map(pick), 0.5);
      return { without: median((v) => v.without), beside: median((v) => v.beside), added: median((v) => v.beside - v.without) };
    };
    const silent = await silentWrites(api, asked);
    return { p50: at(0.5), p99: at(0.99), reviews: { asked: perSecond * (1 + seconds * pairs), made }, silent };
  } finally {
    await api.delete(deployment).catch(() => undefined);
    await api.close();
  }
}

async function create(api: ClusterClient): Promise<void> {
  const template = { metadata: { labels: { app: "bench" } }, spec: { containers: [{ name: "web", image: "nginx:1.23.4" }] } };
  const metadata = { name: "bench" };
  const spec = { replicas: 0, selector: { matchLabels: { app: "bench" } }, template };
  await api.post("/apis/apps/v1/namespaces/default/deployments", { apiVersion: "apps/v1", kind: "Deployment", metadata, spec });
}

async function write(api: ClusterClient, index: number): Promise<void> {
  const body = { spec: { template: { metadata: { annotations: { turn: String(index) } } } } };
  await api.patch(`${deployment}?dryRun=All&fieldManager=bench`, body, merge);
}

/** Takes the webhook of Deployments out of its configuration and puts it back; kube-apiserver hears of it by a watch, so it is tried until it has. */
async function switchFor(api: ClusterClient, asked: () => Promise<number>): Promise<(isOn: boolean) => Promise<void>> {
  const { webhooks: full } = await api.get<{ webhooks: Array<{ name: string; namespaceSelector?: unknown }> }>(configuration);
  let turn = 0;
  return async (isOn) => {
    const nowhere = { namespaceSelector: { matchLabels: { nowhere: "at-all" } } };
    const webhooks = full.map((webhook) => (isOn || webhook.name !== "deployments.serin.dev" ? webhook : { ...webhook, ...nowhere }));
    await api.patch(configuration, { webhooks }, merge);
    await until("kube-apiserver to have heard of it", async () => {
      const before = await asked();
      await write(api, --turn);
      return (await asked()) > before === isOn;
    });
  };
}

/** Each with a value of its own; none is a dry-run. */
async function silentWrites(api: ClusterClient, asked: () => Promise<number>, made = 60): Promise<Added["silent"]> {
  const before = await asked();
  for (let i = 0; i < made / 3; i++) {
    await api.patch(`${deployment}/status`, { status: { observedGeneration: 1_000 + i } }, merge);
    await api.patch(`${deployment}/scale`, { spec: { replicas: i % 2 } }, merge);
    await api.patch(deployment, { metadata: { annotations: { note: String(i) }, labels: { note: String(i) } } }, merge);
  }
  return { asked: (await asked()) - before, made };
}

export const inWords = ({ p50, p99, reviews, silent }: Added): string =>
  [
    "write through kube-apiserver (ms)   without    with   added",
    ...Object.entries({ p50, p99 }).map(
      ([name, { without, beside, added }]) =>
        `${name.padEnd(36)}${without.toFixed(2).padStart(7)} ${beside.toFixed(2).padStart(7)} ${added.toFixed(2).padStart(7)}`,
    ),
    `reviews of template changes: ${reviews.made} of ${reviews.asked}`,
    `reviews of ${silent.made} status, scale and annotation writes: ${silent.asked}`,
    "",
  ].join("\n");
