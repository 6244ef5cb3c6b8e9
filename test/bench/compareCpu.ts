import { nodeFlags } from "../lab/runtimeEnv.ts";
import { type ServerProcess, startServer } from "../webhook/flood/process.ts";
import { quantile, type Reviewer, reviewer } from "../webhook/flood/reviewer.ts";
import { openLoop } from "./openLoop.ts";
import { type Size, sizedReview, sizes } from "./reviewSizes.ts";

export interface Comparison {
  /** Microseconds of CPU per review, median of the rounds. */
  bare: number;
  serin: number;
  /** Of two rounds one after the other; the median, and the range. */
  ratio: number;
  lowest: number;
  highest: number;
}

/**
 * How the reviews come. Open loop: so many per second to either server, as kube-apiserver sends them (research/performance.md §4). Saturated: each of
 * a few callers sends its next one as soon as it has an answer; then the faster server meets a client that never sleeps and is spared the price of
 * waking it, up to 20 µs per answer (a busy wait of 40 µs in the bare server costs it 60).
 */
export type Load = { perSecond: number } | "saturated";

export interface ComparisonOptions {
  load: Load;
  /** In each round, to each of the two. */
  reviews: number;
  rounds: number;
}

const images = { "for no policy": "nginx:1.24.0", held: "nginx:canary" } as const;
const flags = nodeFlags("webhook");
const callers = 5;

/** Rounds in turns: bare, ours, bare, ours … after as many reviews for each as its code needs to be compiled. */
export async function compareCpu(size: Size, kind: keyof typeof images, { load, reviews, rounds }: ComparisonOptions): Promise<Comparison> {
  const servers = await Promise.all([startServer("bare", flags), startServer("serin", flags)]);
  const [bare, serin] = servers.map((server) => ({ server, client: reviewer(server) }));
  if (!bare || !serin) throw new Error("both were started");
  const body = sizedReview(sizes[size], images[kind]);
  try {
    for (const one of [bare, serin]) await cpuPerReview(one, body, "saturated", 3 * reviews);
    const pairs: Array<[number, number]> = [];
    for (let i = 0; i < rounds; i++)
      pairs.push([await cpuPerReview(bare, body, load, reviews), await cpuPerReview(serin, body, load, reviews)]);
    const median = (values: number[]) => quantile(values, 0.5);
    const ratios = pairs.map(([one, other]) => other / one);
    return {
      bare: median(pairs.map(([one]) => one)),
      serin: median(pairs.map(([, other]) => other)),
      ratio: median(ratios),
      lowest: Math.min(...ratios),
      highest: Math.max(...ratios),
    };
  } finally {
    for (const { server, client } of [bare, serin]) {
      client.close();
      server.stop();
    }
  }
}

async function cpuPerReview(
  { server, client }: { server: ServerProcess; client: Reviewer },
  body: Buffer,
  load: Load,
  reviews: number,
): Promise<number> {
  const post = async () => {
    const { status, text } = await client.post(body);
    if (status !== 200) throw new Error(text);
  };
  const caller = async () => {
    for (let i = 0; i < reviews / callers; i++) await post();
  };
  await server.figures();
  await (load === "saturated" ? Promise.all(Array.from({ length: callers }, caller)) : openLoop(load.perSecond, reviews, post));
  return (await server.figures()).cpuMicroseconds / reviews;
}
