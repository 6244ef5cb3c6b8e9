import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bundleSerin } from "../bench/memory/bundles.ts";
import { inWords } from "../bench/memory/inWords.ts";
import { type MemoryFigures, measureMemory } from "../bench/memory/measure.ts";

/** The short version of `make bench-memory`: a tenth of its Deployments and of its plans. Nine tenths of the memory are Node and our code, so the limits are nearly the same. */
let figures: MemoryFigures;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(process.env["LAB_ROOT"] ?? tmpdir(), "bundles-"));
  await bundleSerin(folder);
  figures = await measureMemory({
    ...{ deployments: 100, plans: 20, revisions: 1, replicas: 1, routes: true },
    ...{ windowSeconds: 8, reviewsPerSecond: 50, rounds: 0, bundles: folder, beside: false },
  });
  console.log(inWords(figures).text);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it("worker and webhook keep to their memory", () => {
  const { grown, started } = figures;
  for (const { highest } of [grown.leader, grown.standby, started.worker]) expect(highest).toBeLessThan(165e6);
  for (const { highest } of [grown.webhook, started.webhook]) expect(highest).toBeLessThan(120e6);
});

it("and what is on the heap is no more than that", () => {
  expect(figures.heap.leader.all).toBeLessThan(32e6);
  expect(figures.heap.webhook.all).toBeLessThan(28e6);
});
