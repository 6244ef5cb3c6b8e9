import { quantile } from "../webhook/flood/reviewer.ts";
import { type KubeApi, kubeApi } from "./kubeApi.ts";
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
  const api = kubeApi(kubeconfig, 50);
  const asked = async () =>
    Number(
      /^serin_webhook_request_duration_seconds_count\{kind="apps\/Deployment"\} (\d+)$/m.exec(await (await fetch(metrics)).text())?.[1] ??
        0,
    );
  try {
    await create(api);
    const webhook = await switchFor(api);
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
    await api.send("DELETE", deployment).catch(() => undefined);
    await api.close();
  }
}

async function create(api: KubeApi): Promise<void> {
  const template = { metadata: { labels: { app: "bench" } }, spec: { containers: [{ name: "web", image: "nginx:1.23.4" }] } };
  const body = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "bench" },
    spec: { replicas: 0, selector: { matchLabels: { app: "bench" } }, template },
  };
  await expectStatus(api.send("POST", "/apis/apps/v1/namespaces/default/deployments", body), 201);
}

async function write(api: KubeApi, index: number): Promise<void> {
  const body = { spec: { template: { metadata: { annotations: { turn: String(index) } } } } };
  await expectStatus(api.send("PATCH", `${deployment}?dryRun=All&fieldManager=bench`, body, merge), 200);
}

/** Takes the webhook of Deployments out of its configuration and puts it back. kube-apiserver hears of it by its watch, so it is asked until it has. */
async function switchFor(api: KubeApi): Promise<(isOn: boolean) => Promise<void>> {
  const { text } = await expectStatus(api.send("GET", configuration), 200);
  const full = JSON.parse(text) as { webhooks: Array<{ name: string; namespaceSelector?: unknown }> };
  return async (isOn) => {
    const webhooks = full.webhooks.map((webhook) =>
      isOn || webhook.name !== "deployments.serin.dev"
        ? webhook
        : { ...webhook, namespaceSelector: { matchLabels: { nowhere: "at-all" } } },
    );
    await expectStatus(api.send("PATCH", configuration, { webhooks }, merge), 200);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
  };
}

/** Each with a value of its own; none is a dry-run. */
async function silentWrites(api: KubeApi, asked: () => Promise<number>, made = 60): Promise<Added["silent"]> {
  const before = await asked();
  for (let i = 0; i < made / 3; i++) {
    await expectStatus(api.send("PATCH", `${deployment}/status`, { status: { observedGeneration: 1_000 + i } }, merge), 200);
    await expectStatus(api.send("PATCH", `${deployment}/scale`, { spec: { replicas: i % 2 } }, merge), 200);
    await expectStatus(
      api.send("PATCH", deployment, { metadata: { annotations: { note: String(i) }, labels: { note: String(i) } } }, merge),
      200,
    );
  }
  return { asked: (await asked()) - before, made };
}

async function expectStatus<T extends { status: number; text: string }>(answer: Promise<T>, status: number): Promise<T> {
  const given = await answer;
  if (given.status !== status) throw new Error(`${given.status} instead of ${status}: ${given.text.slice(0, 500)}`);
  return given;
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
