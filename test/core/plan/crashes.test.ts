import { expect, test } from "vitest";
import { resources } from "../../../src/kube/resources.ts";
import { canaryImage, stableImage } from "../../build/story.ts";
import { aVirtualService } from "../../build/virtualService.ts";
import { Cluster, type ClusterOptions } from "../../fakes/cluster.ts";
import type { CrashPoint } from "../../fakes/workerProcess.ts";
import { quick } from "../../scenes/article.ts";
import { check, tell, troubles } from "../../scenes/tell.ts";

const third = "nginx:1.25.0";

interface Story {
  options?: ClusterOptions;
  image?: string;
  /** What else is asked for, so many milliseconds after the first change. */
  later?: { at: number; image: string };
  /** From when on the story differs from the good one, in milliseconds; earlier crashes are told there. */
  from?: number;
  /** The policy is deleted before the worker has looked at the change. */
  policyGoes?: boolean;
  phases: string[];
  runs: string;
}

const stories: Array<[string, Story]> = [
  ["good", { phases: ["Promoted"], runs: canaryImage }],
  ["bad", { image: `${canaryImage}-errors50`, from: 4_000, phases: ["RolledBack"], runs: stableImage }],
  [
    "bad and held",
    {
      options: { policy: quick({ onFailure: "Hold" }) },
      image: `${canaryImage}-errors50`,
      from: 4_000,
      phases: ["Held"],
      runs: stableImage,
    },
  ],
  ["superseded", { later: { at: 5_000, image: third }, from: 5_000, phases: ["Superseded", "Promoted"], runs: third }],
  ["cancelled", { later: { at: 5_000, image: stableImage }, from: 5_000, phases: ["Cancelled"], runs: stableImage }],
  ["policyless", { policyGoes: true, phases: ["Bypassed"], runs: canaryImage }],
];

/** Nobody looks at the change before its policy is gone. */
async function withoutPolicy(image: string | undefined, crash?: CrashPoint): Promise<Cluster> {
  const cluster = await Cluster.of({ policy: quick(), routes: [aVirtualService()] });
  cluster.worker?.kill();
  cluster.users.setImage(image ?? canaryImage);
  cluster.users.remove(resources.canarypolicies, "default");
  cluster.startWorker(crash);
  return cluster;
}

async function told(
  { options, image, later, from = 0, policyGoes = false, phases, runs }: Story,
  crash?: CrashPoint,
): Promise<{ found: string[]; points: number[] }> {
  const cluster = policyGoes ? await withoutPolicy(image, crash) : await tell({ ...options, ...(crash ? { crash } : {}) }, 0, image);
  const first = cluster.worker;
  await cluster.run(Math.max(from, later?.at ?? 0));
  const before = first?.writes.length ?? 0;
  if (later) cluster.users.setImage(later.image);
  await cluster.runToEnd();
  const route = JSON.stringify(cluster.route()?.spec) === JSON.stringify(aVirtualService().spec) ? [] : ["the route is not as it was"];
  const points = Array.from({ length: (first?.writes.length ?? 0) - before }, (_, i) => before + i + 1);
  return { found: [...check(cluster, { phases, pods: { [runs]: 4 } }), ...route], points };
}

test.each(stories)(
  "a worker that dies at any write of a %s release, before or after it, leaves nothing that its successor doesn't finish",
  { timeout: 120_000 },
  async (_, story) => {
    const { found, points } = await told(story);
    expect(found).toEqual([]);
    expect(points.length).toBeGreaterThan(story.policyGoes ? 2 : 5);
    // Dying after a write leaves what dying before the next one leaves. In the second plan of a superseded release nothing is new but its beginning.
    const crashes = points.slice(0, story.later ? 30 : undefined).map((write): CrashPoint => ({ write, when: "after" }));
    if (story === stories[0]?.[1]) crashes.unshift({ write: 1, when: "before" });
    expect(await troubles(crashes, async (crash) => (await told(story, crash)).found)).toEqual([]);
  },
);
