import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { workerHealth } from "../../lab/addresses.ts";
import { figures } from "../../lab/figures.ts";
import { startReviewLoad } from "../../lab/reviewLoad.ts";
import { runtimeEnv } from "../../lab/runtimeEnv.ts";
import { say } from "../../lab/say.ts";
import { type Story, steps, tell } from "../../lab/story.ts";
import { house, settleTown, townPolicy } from "../../lab/storyTown.ts";
import { until } from "../../lab/until.ts";
import { reviewer } from "../../webhook/flood/reviewer.ts";
import { openLoop } from "../openLoop.ts";
import { sizedReview, sizes } from "../reviewSizes.ts";
import { startBareServer } from "./bareServer.ts";
import { makeCrowd } from "./crowd.ts";
import { type Heap, heapInUse } from "./heapInUse.ts";
import { type Window, watchMemory } from "./processMemory.ts";

export interface MemoryOptions {
  /** All watched ones: those with plans are among them. */
  deployments: number;
  /** Live ones, at weight 50, measured every 5 s. */
  plans: number;
  /** ReplicaSets of each of the Deployments that have no plan. */
  revisions: number;
  /** Their pods. */
  replicas: number;
  /** Whether they have VirtualServices. */
  routes: boolean;
  windowSeconds: number;
  reviewsPerSecond: number;
  /** So often a tenth of the plans' number comes and goes, and after each it is looked at what stayed; 0: that is left out. */
  rounds: number;
  /** See LabOptions. */
  bundles?: string;
  /** Whether client-node's informers and a bare server are measured beside. */
  beside: boolean;
}

export interface MemoryFigures {
  /** While nothing was restarted: what a process has that saw all of it come. */
  grown: Record<Ours, Window> & Partial<Record<Beside, Window>>;
  heap: Record<"leader" | "webhook", Heap>;
  /** Started when everything was there: what the first lists cost is in its peak. */
  started: Record<"worker" | "webhook", Window>;
  cameAndWent: Rounds | undefined;
}
/** Plans that came and went, a few at a time. */
export interface Rounds {
  /** After each round. */
  heaps: Record<"leader" | "webhook", Heap[]>;
  /** How many came and went in each round. */
  plans: number;
}
type Ours = "leader" | "standby" | "webhook";
type Beside = "informers" | "bareServer";

const quick = { steps: steps([50, "1s"]), history: { keep: 1 } };
const live = {
  steps: steps([50, "2h"]),
  analysis: {
    metrics: [
      { name: "errors", builtin: { successRate: {} } },
      { name: "p99", builtin: { latency: { quantile: 0.99 } } },
      { name: "up", interval: "5s", successCondition: "result[0] >= 1", provider: { prometheus: { query: "vector(1)" } } },
    ],
  },
};

/** In a network namespace of its own, see `startLab`. */
export async function measureMemory(options: MemoryOptions): Promise<MemoryFigures> {
  const { bundles } = options;
  const story = await tell(bundles === undefined ? {} : { bundles });
  const began = performance.now();
  const note = (what: string) => say(`${Math.round((performance.now() - began) / 1_000)} s: ${what}`);
  try {
    const { deployments, plans, windowSeconds } = options;
    const guests = Math.max(5, Math.round(plans / 10));
    const houses = Array.from({ length: plans }, (_, i) => `live-${i}`);
    const rounders = Array.from({ length: guests }, (_, i) => `round-${i}`);
    await makeCrowd(story.lab.env["KUBECONFIG"] ?? "", { ...options, deployments: deployments - plans - guests - 1 });
    note(`${deployments} Deployments`);
    await settleTown(
      story,
      [townPolicy("plain", quick), townPolicy("live", live)],
      [...houses, ...rounders, "reviewed"].flatMap((name) => house(name, { replicas: 1 })),
    );
    // Before any plan lives on: what is recorded of those grows for a while, too. An inspector takes memory, so none is open in what is measured later.
    const cameAndWent = options.rounds > 0 ? await heapAfterRounds(story, await leaderName(), rounders, options.rounds) : undefined;
    if (cameAndWent) for (const name of ["serin-worker-0", "serin-worker-1", "serin-webhook-0"]) await story.lab.processes.restart(name);
    note("plans came and went");
    await setImages(story, houses, "live/nginx:2");
    await until(`${plans} plans at weight 50`, async () => (await atFifty(story)) === plans, 300);
    note(`${plans} live plans`);

    const grown = await underReviews(story, options);
    const leader = await leaderName();
    const highest = Object.entries(grown).map(([name, { highest }]) => `${name} ${Math.round(highest / 1e6)} MB`);
    note(`measured as grown: ${highest.join(", ")}`);
    const heap = await heapOf(story, leader);
    const standby = leader === "serin-worker-0" ? "serin-worker-1" : "serin-worker-0";
    await Promise.all([story.lab.processes.restart(standby), story.lab.processes.restart("serin-webhook-0")]);
    const started = watchMemory({ worker: pid(story, standby), webhook: pid(story, "serin-webhook-0") });
    await delay((windowSeconds * 1_000) / 4);
    return { grown, heap, cameAndWent, started: started.end() };
  } finally {
    await story.stop();
  }
}

const pid = (story: Story, name: string): number => story.lab.processes.pid(name) ?? 0;

async function setImages(story: Story, names: readonly string[], image: string): Promise<void> {
  await story.kubectl("set", "image", ...names.map((name) => `deploy/${name}`), `nginx=${image}`);
}

async function atFifty(story: Story): Promise<number> {
  const weights = await story.kubectl("get", "plan", "-o", "jsonpath={range .items[*]}{.status.weight.desired} {end}");
  return weights.split(" ").filter((weight) => weight === "50").length;
}

async function leaderName(): Promise<string> {
  return until("a leader", async () => {
    for (const index of [0, 1]) if ((await figures(workerHealth(index))).get("serin_worker_leader") === "1") return `serin-worker-${index}`;
    return undefined;
  });
}

/** Phase and image of the plans that come and go. */
const roundsStored = (story: Story): Promise<string> =>
  story.kubectl(
    "get",
    "plan",
    "-o",
    `jsonpath={range .items[?(@.spec.policy.name=="plain")]}{.status.phase}={.spec.canary.images[0]} {end}`,
  );

/** Reviews, every other one of a change that is held, to the webhook and to what stands beside it. */
async function underReviews(story: Story, options: MemoryOptions): Promise<MemoryFigures["grown"]> {
  const { windowSeconds, reviewsPerSecond, beside } = options;
  const leader = await leaderName();
  const standby = leader === "serin-worker-0" ? "serin-worker-1" : "serin-worker-0";
  const ours = { leader: pid(story, leader), standby: pid(story, standby), webhook: pid(story, "serin-webhook-0") };
  const bare = beside ? await startBareServer(runtimeEnv("webhook")) : undefined;
  if (beside) await startInformers(story);
  const others = bare ? { informers: pid(story, "informers"), bareServer: bare.pid } : {};
  const watched = watchMemory<string>({ ...ours, ...others });
  const container = (n: number) => ({ spec: { containers: [{ name: "nginx", image: `nginx:3.${n}` }] } });
  const annotated = (n: number) => ({ metadata: { annotations: { n: String(n) } } });
  const load = startReviewLoad(story.lab.env["KUBECONFIG"] ?? "", "reviewed", reviewsPerSecond, (n) =>
    n % 2 === 0 ? container(n) : annotated(n),
  );
  const client = bare && reviewer(bare);
  const body = sizedReview(sizes["14.5 KiB"], "nginx:1.24.0");
  const loop = client && openLoop(reviewsPerSecond, reviewsPerSecond * windowSeconds, async () => void (await client.post(body)));
  await Promise.all([delay(windowSeconds * 1_000), loop]);
  const windows = watched.end() as MemoryFigures["grown"];
  await load.stop();
  if (load.failures().length > 0) throw new Error(`${load.failures().length} reviews failed: ${load.failures()[0]?.message}`);
  client?.close();
  bare?.stop();
  if (beside) await story.lab.processes.kill("informers");
  return windows;
}

function startInformers(story: Story): Promise<void> {
  const args = [join(import.meta.dirname, "informers.ts"), story.lab.env["KUBECONFIG"] ?? ""];
  const ready = async () => (await readFile(join(story.lab.dir, "informers.log"), "utf8")).includes("listed");
  return story.lab.processes.start({ name: "informers", command: process.execPath, args, ready });
}

async function heapOf(story: Story, leader: string): Promise<Record<"leader" | "webhook", Heap>> {
  const of = (name: string) => heapInUse(pid(story, name), join(story.lab.dir, `${name}.log`));
  return { leader: await of(leader), webhook: await of("serin-webhook-0") };
}

/** The first round fills the history of each Deployment. */
async function heapAfterRounds(story: Story, leader: string, names: readonly string[], rounds: number): Promise<Rounds> {
  const heaps: Rounds["heaps"] = { leader: [], webhook: [] };
  for (let n = 0; n < rounds; n++) {
    await setImages(story, names, `nginx:2.${n}`);
    await until(
      `round ${n} to end, and the one before to be pruned`,
      async () => (await roundsStored(story)) === `Promoted=nginx:2.${n} `.repeat(names.length),
    );
    const { leader: ofLeader, webhook } = await heapOf(story, leader);
    heaps.leader.push(ofLeader);
    heaps.webhook.push(webhook);
  }
  return { heaps, plans: names.length };
}
