import { expect, test } from "vitest";
import { canaryImage, deploymentName, stableImage } from "../../build/story.ts";
import type { Cluster } from "../../fakes/cluster.ts";
import { quick } from "../../scenes/article.ts";
import { check, tell, troubles } from "../../scenes/tell.ts";

const third = "nginx:1.25.0";
const policy = quick({ canary: { scaleDownDelay: "20s" } });

/** Milliseconds after the Deployment was let go, while the routes still send everything to the canary's own subset. */
const moments = [0, 20, 100, 500, 1_000, 3_000, 10_000, 19_000];

async function promoting(after: number): Promise<Cluster> {
  const cluster = await tell({ policy });
  const letGo = () => cluster.plan?.status?.phase === "Promoting" && cluster.deployment?.spec?.paused === undefined;
  await cluster.run(60_000, letGo);
  await cluster.run(after);
  return cluster;
}

test.each([third, stableImage])(
  "%s during the promotion, past the webhook, at any moment: no request is lost, and the bypass is on record",
  async (image) => {
    const found = await troubles(moments, async (after) => {
      const cluster = await promoting(after);
      cluster.users.webhookIsUp = false;
      cluster.users.setImage(image);
      await cluster.runToEnd();
      return check(cluster, { phases: ["Promoted", "Bypassed"], pods: { [image]: 4 } });
    });
    expect(found).toEqual([]);
  },
);

test("a restart during the promotion waits for its end, and is a change like any other then", async () => {
  const found = await troubles(moments, async (after) => {
    const cluster = await promoting(after);
    cluster.users.editDeployment((draft) => {
      const { template } = draft.spec ?? {};
      if (template) template.metadata = { ...template.metadata, annotations: { "kubectl.kubernetes.io/restartedAt": "now" } };
    }, "kubectl-rollout");
    const held = cluster.users.lastAnswer?.decision === "Held" ? [] : [`admission said ${cluster.users.lastAnswer?.decision}`];
    await cluster.runToEnd();
    return [...held, ...check(cluster, { phases: ["Promoted", "Promoted"], pods: { [canaryImage]: 4 } })];
  });
  expect(found).toEqual([]);
});

test("a pause of the user's own during the promotion stays", async () => {
  const cluster = await promoting(1_000);
  cluster.users.editDeployment((draft) => {
    if (draft.spec) draft.spec.paused = true;
  }, "kubectl-rollout");
  await cluster.run(60_000);
  expect(cluster.plan?.status?.phase).toBe("Promoted");
  expect(cluster.deployment?.spec?.paused).toBe(true);
  expect(cluster.deployment?.metadata.name).toBe(deploymentName);
  expect(check(cluster, { pods: { [canaryImage]: 4 } })).toEqual([]);
});
