import { expect, test } from "vitest";
import { canaryImage, stableImage } from "../../build/story.ts";
import { aVirtualService } from "../../build/virtualService.ts";
import type { ClusterOptions } from "../../fakes/cluster.ts";
import type { CrashPoint } from "../../fakes/workerProcess.ts";
import { quick } from "../../scenes/article.ts";
import { check, tell, troubles } from "../../scenes/tell.ts";

const third = "nginx:1.25.0";

interface Story {
  options?: ClusterOptions;
  image?: string;
  /** What else is asked for, so many milliseconds after the first change. */
  then?: { at: number; image: string };
  phases: string[];
  runs: string;
}

const stories: Array<[string, Story]> = [
  ["good", { phases: ["Promoted"], runs: canaryImage }],
  ["bad", { image: `${canaryImage}-errors50`, phases: ["RolledBack"], runs: stableImage }],
  ["bad and held", { options: { policy: quick({ onFailure: "Hold" }) }, image: `${canaryImage}-errors50`, phases: ["Held"], runs: stableImage }],
  ["superseded", { then: { at: 5_000, image: third }, phases: ["Superseded", "Promoted"], runs: third }],
  ["cancelled", { then: { at: 5_000, image: stableImage }, phases: ["Cancelled"], runs: stableImage }],
];

async function told({ options, image, then, phases, runs }: Story, crash?: CrashPoint): Promise<{ found: string[]; writes: number }> {
  const cluster = await tell({ ...options, ...(crash ? { crash } : {}) }, 0, image);
  const first = cluster.worker;
  if (then) {
    await cluster.run(then.at);
    cluster.users.setImage(then.image);
  }
  await cluster.runToEnd();
  const route = JSON.stringify(cluster.route()?.spec) === JSON.stringify(aVirtualService().spec) ? [] : ["the route is not as it was"];
  return { found: [...check(cluster, { phases, pods: { [runs]: 4 } }), ...route], writes: first?.writes.length ?? 0 };
}

test.each(stories)("a worker that dies at any write of a %s release, before or after it, leaves nothing that its successor doesn't finish", { timeout: 120_000 }, async (_, story) => {
  const { found, writes } = await told(story);
  expect(found).toEqual([]);
  expect(writes).toBeGreaterThan(20);
  const points = Array.from({ length: writes }, (__, i) => [{ write: i + 1, when: "before" } as const, { write: i + 1, when: "after" } as const]).flat();
  expect(await troubles(points, async (crash) => (await told(story, crash)).found)).toEqual([]);
});
