/**
 * The judge of built-in metrics beside the rules of others, on simulated plans. Ends with 1 when a target is missed. FAST=1: a tenth of the
 * plans, and a tick and a percent more before a target counts as missed.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { inLanes } from "../house/inLanes.ts";
import { passes } from "./analysis/passes.ts";
import type { Job, Played } from "./analysis/play.ts";
import { percent, printed, rates, sections } from "./analysis/tables.ts";
import { missed } from "./analysis/targets.ts";

const fast = process.env["FAST"] === "1";
const plans = fast ? 200 : 2_000;
const slack = fast ? { seconds: 5, share: 0.01 } : undefined;

const inThread = (job: Job): Promise<Played> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./analysis/worker.ts", import.meta.url), { workerData: job });
    worker.once("message", resolve);
    worker.once("error", reject);
  });

process.stdout.write(`Plans of 30 min, looks every 5 s, baseline 0.5 % errors; ${plans} plans a row

`);
const misses: string[] = [];
for (const section of sections) {
  const jobs = section.scenarios.map((scenario): Job => ({ scenario, plans, rules: section.rules }));
  const played = await inLanes(jobs, availableParallelism(), inThread);
  process.stdout.write(`${printed(section, played)}\n`);
  misses.push(...section.scenarios.flatMap((scenario, at) => missed(scenario, played[at] ?? {}, slack)));
}

process.stdout.write(
  "What a pass is worth (Serin, defaults, weight 5 %): passes at the 50th request / at any time / p95 of the wait for it\n",
);
for (const rps of rates)
  for (const errors of [0.005, 0.02, 0.05, 0.1, 0.5]) {
    const { atOnce, ever, waitP95 } = passes({ rps, weight: 0.05, errors }, plans);
    const wait = Number.isFinite(waitP95) ? `${waitP95} s` : "—";
    process.stdout.write(
      `${String(rps).padEnd(5)}${percent(errors).padEnd(7)}${[percent(atOnce, 1), percent(ever, 1), wait].map((text) => text.padStart(10)).join("")}\n`,
    );
  }

process.stdout.write(`\n${misses.length === 0 ? "All targets met" : `MISSED:\n${misses.join("\n")}`}\n`);
process.exit(misses.length === 0 ? 0 : 1);
