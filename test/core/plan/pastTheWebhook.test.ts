import { expect, test } from "vitest";
import type { Deployment } from "../../../src/kube/object.ts";
import { resources } from "../../../src/kube/resources.ts";
import { canaryImage, deploymentName, namespace, stableImage } from "../../build/story.ts";
import { type Cluster, imageOf } from "../../fakes/cluster.ts";
import { check, tell } from "../../scenes/tell.ts";
import { type WalkStep, walk } from "../../scenes/walk.ts";

const other = "nginx:1.25.0";

/** The webhook is down; the MutatingAdmissionPolicy keeps pause and intent, whatever template comes. */
function setPastTheWebhook(cluster: Cluster, image: string): void {
  cluster.server.update<Deployment>(resources.deployments, deploymentName, namespace, (draft) => {
    const container = draft.spec?.template.spec?.containers[0];
    if (container) container.image = image;
  });
}

test.each([
  ["B, C, B", [other, canaryImage]],
  ["B, C, B, C", [other, canaryImage, other]],
])("%s, all but the first past the webhook: no hold is left with nobody to move it", async (_, images) => {
  const cluster = await tell({}, 3_000);
  for (const image of images) {
    setPastTheWebhook(cluster, image);
    await cluster.run(6_000);
  }
  await cluster.run(120_000);
  const last = images.at(-1) ?? "";
  expect(imageOf(cluster.deployment)).toBe(last);
  expect(cluster.deployment?.spec?.paused).toBeUndefined();
  expect(cluster.plan?.status?.phase).toBe("Promoted");
  expect(check(cluster, { pods: { [last]: 4 } })).toEqual([]);
});

test("the same after a worker whose clock was three years ahead", async () => {
  const cluster = await tell({ skewsMs: [3 * 365 * 86_400_000, 0] }, 3_000);
  setPastTheWebhook(cluster, other);
  await cluster.run(6_000);
  cluster.crash();
  setPastTheWebhook(cluster, canaryImage);
  await cluster.run(120_000);
  expect(cluster.deployment?.spec?.paused).toBeUndefined();
  expect(cluster.plans.map(({ status }) => status?.phase)).toContain("Promoted");
});

test("a third template, stable again, and unpaused past the admission before its plan began: no intent is left behind", async () => {
  const steps: WalkStep[] = [
    { after: 2_102, deed: { do: "setImage", image: canaryImage } },
    { after: 5_747, deed: { do: "setImage", image: other } },
    { after: 890, deed: { do: "promote" } },
    { after: 3_282, deed: { do: "setImage", image: stableImage } },
    { after: 543, deed: { do: "unpause" } },
  ];
  expect(await walk(steps)).toEqual([]);
});
