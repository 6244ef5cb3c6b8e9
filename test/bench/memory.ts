/**
 * RSS of worker and webhook with 1,000 watched Deployments and 100 live plans, from their bundles as the image has them. Starts its own lab, in a
 * network namespace. Ends with 1 when a target is missed. FAST=1: shorter windows, one ReplicaSet, no pods and no route for those
 * without a plan; DEPLOYMENTS, PLANS and ROUNDS: other numbers; SOURCE=1: from the checkout's source.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleSerin } from "./memory/bundles.ts";
import { inWords } from "./memory/inWords.ts";
import { measureMemory } from "./memory/measure.ts";

const fast = process.env["FAST"] === "1";
const folder = await mkdtemp(join(process.env["LAB_ROOT"] ?? tmpdir(), "bundles-"));
try {
  await bundleSerin(folder);
  const found = await measureMemory({
    deployments: Number(process.env["DEPLOYMENTS"] ?? 1_000),
    plans: Number(process.env["PLANS"] ?? 100),
    revisions: fast ? 1 : 3,
    replicas: fast ? 0 : 2,
    routes: !fast,
    windowSeconds: fast ? 30 : 300,
    reviewsPerSecond: 50,
    rounds: Number(process.env["ROUNDS"] ?? (fast ? 12 : 20)),
    beside: true,
    ...(process.env["SOURCE"] === "1" ? {} : { bundles: folder }),
  });
  const { text, isMet } = inWords(found);
  process.stdout.write(text);
  process.exitCode = isMet ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
