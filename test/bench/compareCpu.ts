import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type ServerProcess, startServer } from "../webhook/flood/process.ts";
import { quantile, type Reviewer, reviewer } from "../webhook/flood/reviewer.ts";
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

const images = { "for no policy": "nginx:1.24.0", held: "nginx:canary" } as const;
const manifest = readFileSync(join(import.meta.dirname, "..", "..", "manifests", "webhook.yaml"), "utf8");
/** Of the container. */
export const nodeOptions = (/name: NODE_OPTIONS\n\s+value: "(.*)"/.exec(manifest)?.[1] ?? "").split(" ");
const connections = 5;

/** Rounds in turns: bare, ours, bare, ours … after as many reviews for each as its code needs to be compiled. */
export async function compareCpu(size: Size, kind: keyof typeof images, { reviews = 2_000, rounds = 15 } = {}): Promise<Comparison> {
  const servers = await Promise.all([startServer("bare", nodeOptions), startServer("serin", nodeOptions)]);
  const [bare, serin] = servers.map((server) => ({ server, client: reviewer(server, connections) }));
  if (!bare || !serin) throw new Error("both were started");
  const body = sizedReview(sizes[size], images[kind]);
  try {
    for (let i = 0; i < 3; i++) for (const one of [bare, serin]) await cpuPerReview(one, body, reviews);
    const pairs: Array<[number, number]> = [];
    for (let i = 0; i < rounds; i++) pairs.push([await cpuPerReview(bare, body, reviews), await cpuPerReview(serin, body, reviews)]);
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
  reviews: number,
): Promise<number> {
  await server.figures();
  const caller = async () => {
    for (let i = 0; i < reviews / connections; i++) {
      const { status, text } = await client.post(body);
      if (status !== 200) throw new Error(text);
    }
  };
  await Promise.all(Array.from({ length: connections }, caller));
  return (await server.figures()).cpuMicroseconds / reviews;
}
