import { expect, test } from "vitest";
import { revision } from "../../../src/api/names.ts";
import { canaryImage, stableImage } from "../../build/story.ts";
import { quick } from "../../scenes/article.ts";
import { check, tell } from "../../scenes/tell.ts";

const numbers = (cluster: Awaited<ReturnType<typeof tell>>) =>
  Object.fromEntries(
    cluster.replicaSets.map(({ metadata, spec }) => [spec?.template?.spec?.containers[0]?.image, metadata.annotations?.[revision]]),
  );

test("v1 → v2 → v1 → v2: the ReplicaSets of the history are used again, and their numbers go up", async () => {
  const cluster = await tell();
  await cluster.runToEnd();
  expect(numbers(cluster)).toEqual({ [stableImage]: "1", [canaryImage]: "2" });
  cluster.users.setImage(stableImage);
  await cluster.runToEnd();
  expect(numbers(cluster)).toEqual({ [stableImage]: "3", [canaryImage]: "2" });
  cluster.users.setImage(canaryImage);
  await cluster.runToEnd();
  expect(numbers(cluster)).toEqual({ [stableImage]: "3", [canaryImage]: "4" });
  expect(cluster.replicaSets).toHaveLength(2);
  expect(check(cluster, { phases: ["Promoted", "Promoted", "Promoted"], pods: { [canaryImage]: 4 } })).toEqual([]);
});

test("a release that fails with a ReplicaSet of the history gives it back to the Deployment, empty", async () => {
  const cluster = await tell({ policy: quick({ rollbackWindow: { revisions: 0 } }) });
  await cluster.runToEnd();
  cluster.users.setImage(stableImage);
  await cluster.run(7_000);
  const { plan } = cluster;
  if (plan) cluster.users.control(plan, { abort: {} });
  await cluster.runToEnd();
  expect(cluster.replicaSets).toHaveLength(2);
  expect(check(cluster, { phases: ["Promoted", "RolledBack"], pods: { [canaryImage]: 4 } })).toEqual([]);
});

test("a plain rollout after a plan works as always", async () => {
  const cluster = await tell();
  await cluster.runToEnd();
  cluster.users.webhookIsUp = false;
  cluster.users.setImage(stableImage);
  await cluster.run(20_000);
  expect(cluster.running()).toEqual({ [stableImage]: 4 });
});
