import { execFile } from "node:child_process";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CHECKOUT } from "./labEnvironment.ts";
import { type Story, steps, tell } from "./story.ts";
import { house, settleTown, townPolicy } from "./storyTown.ts";

/** How long the command line takes against a control plane. `make test` runs this file alone (test/house/testAll.ts): it measures. */
let story: Story;
const bundle = join(CHECKOUT, "dist", "kubectl-serin.mjs");

beforeAll(async () => {
  await promisify(execFile)(process.execPath, [join(CHECKOUT, "src", "bin", "build.ts")]);
  story = await tell({ without: ["prometheus"] });
  await symlink(join(CHECKOUT, "dist", "kubectl_complete-serin"), join(story.lab.env["LAB_DIR"] ?? "", "bin", "kubectl_complete-serin"));
  const names = ["good", "bad", "gate", "slow", "full", "late", "quiet"];
  await settleTown(
    story,
    [townPolicy("plain", { steps: steps([30, "1s"]) })],
    names.flatMap((name) => house(name)),
  );
  // There is something to tell of each.
  for (const name of names) await story.setImage(`plain/nginx:${name}`, name);
  await Promise.all(names.map((name) => story.ends(`plain/nginx:${name}`)));
});
afterAll(() => story?.stop());

/**
 * Medians, each with the start of Node. The budgets are for a machine that starts a bare Node in 25 ms; on one that is loaded, or slow, all takes
 * longer by the same factor, which a bare Node beside each run shows: so they never grow because we got slower.
 */
test("get and list take 200 ms, completion 60 ms", async () => {
  const timed = {
    node: ["node", "-e", "0"],
    kubectl: ["kubectl", "get", "deploy/good"],
    get: ["node", bundle, "get", "deploy/good"],
    list: ["node", bundle, "list", "-A"],
    complete: ["kubectl_complete-serin", "get", "--"],
  };
  const times = new Map<string, number[]>(Object.keys(timed).map((name) => [name, []]));
  for (let round = 0; round <= 15; round += 1)
    for (const [name, [command = "", ...args]] of Object.entries(timed)) {
      const began = performance.now();
      await story.type(command, ...args);
      // The first of all leaves what V8 compiled for the others.
      if (round > 0) times.get(name)?.push(performance.now() - began);
    }
  const medianOf = (name: keyof typeof timed): number => times.get(name)?.sort((a, b) => a - b)[7] ?? Number.NaN;
  const factor = Math.max(1, medianOf("node") / 25);
  for (const [name, all] of times)
    console.info(`${name}: median ${Math.round(medianOf(name as keyof typeof timed))} ms, best ${Math.round(all[0] ?? 0)} ms of 15`);
  expect(medianOf("get")).toBeLessThanOrEqual(200 * factor);
  expect(medianOf("list")).toBeLessThanOrEqual(200 * factor);
  expect(medianOf("complete")).toBeLessThanOrEqual(60 * factor);
});
