import { expect, test } from "vitest";
import { canaryImage } from "../../build/story.ts";
import { check, tell } from "../../scenes/tell.ts";

/*
 * Between the two owner swaps of the hand-over the Deployment has no ReplicaSet at all. Somebody who scales it then (milliseconds, or as long as no
 * worker leads) is heard by nobody until the canary's is its own: waiting for the right number of pods first would be waiting for ever.
 */
test.each([
  { from: 8, to: 4 },
  { from: 4, to: 8 },
])("scaled from $from to $to while stable is in custody and the worker has just died, the hand-over goes on", async ({ from, to }) => {
  const cluster = await tell({ replicas: from });
  let scaled = false;
  cluster.server.onChange(() => {
    const inCustody = cluster.replicaSets.some(
      ({ metadata }) => metadata.ownerReferences?.[0]?.kind === "CanaryPlan" && !metadata.labels?.["serin.dev/plan"],
    );
    if (!inCustody || scaled) return;
    scaled = true;
    cluster.crash();
    cluster.users.scale(to);
  });
  await cluster.runToEnd(120_000);
  expect(scaled).toBe(true);
  expect(check(cluster, { phases: ["Promoted"], pods: { [canaryImage]: to } })).toEqual([]);
});
