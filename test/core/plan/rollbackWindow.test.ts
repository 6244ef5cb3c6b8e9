import { expect, test } from "vitest";
import { canaryImage, stableImage } from "../../build/story.ts";
import type { Cluster } from "../../fakes/cluster.ts";
import { quick, successMetric } from "../../scenes/article.ts";
import { check, tell, troubles } from "../../scenes/tell.ts";

const third = "nginx:1.25.0";
const journalOf = (cluster: Cluster) => (cluster.plan?.status?.journal ?? []).map(({ reason }) => reason);
const weightsOfThisPlan = (cluster: Cluster, before: number) => cluster.mesh.weightsSeen.slice(before).map(({ weight }) => weight);

/** Seconds until the plan for this image has ended. */
async function lasts(cluster: Cluster, image: string): Promise<number> {
  const began = cluster.clock.now();
  const plans = cluster.plans.length;
  cluster.users.setImage(image);
  await cluster.run(900_000, () => cluster.plans.length > plans && cluster.quiet());
  return (cluster.clock.now() - began) / 1_000;
}

/** Steps that nobody would wait for. */
const slow = (fields: Parameters<typeof quick>[0] = {}) =>
  quick({ steps: [{ setWeight: 10 }, { pause: { duration: "5m" } }, { setWeight: 50 }, { pause: { duration: "5m" } }], ...fields });

test("back to what just served: weight 100 at once, promoted when ready, no request lost, and the plan says why", async () => {
  const cluster = await tell({ policy: slow() });
  await cluster.runToEnd();
  const before = cluster.mesh.weightsSeen.length;
  const seconds = await lasts(cluster, stableImage);
  // Three settle times of 0.5 s, pods in 1 s, old pods gone in 2 s, and proof.
  expect(seconds).toBeLessThan(15);
  expect(weightsOfThisPlan(cluster, before)).toEqual([0, 100]);
  expect(cluster.users.lastAnswer?.reason).toBe("WithinRollbackWindow");
  expect(cluster.plan?.status?.journal).toContainEqual({
    at: expect.any(String),
    reason: "WithinRollbackWindow",
    hash: expect.any(String),
    message:
      "nginx:1.23.0 served just before the present one (rollbackWindow: 1): straight to weight 100, without the 4 steps and their analysis",
  });
  expect(journalOf(cluster)).not.toContain("StepCompleted");
  expect(cluster.plan?.status?.message).toBe("nginx:1.23.0 serves everything: 4 pods; weight 100");
  expect(check(cluster, { phases: ["Promoted", "Promoted"], pods: { [stableImage]: 4 } })).toEqual([]);
});

test("nothing that is measured delays it: no data, no Prometheus, an analysis step", async () => {
  const steps = [{ setWeight: 10 }, { analysis: { metrics: [successMetric({ count: 3 })] } }, { pause: {} }];
  for (const mood of ["empty", "error"] as const) {
    const cluster = await tell({ policy: quick({ steps, analysis: { metrics: [successMetric({ interval: "2s" })] } }) }, 30_000);
    const { plan } = cluster;
    if (plan) cluster.users.control(plan, { promote: { full: true } });
    await cluster.runToEnd();
    cluster.prometheus.mood = mood;
    expect(await lasts(cluster, stableImage)).toBeLessThan(15 + (mood === "error" ? 30 : 0));
    expect(check(cluster, { phases: ["Promoted", "Promoted"], pods: { [stableImage]: 4 } })).toEqual([]);
  }
});

test("revisions: 0 takes the steps, revisions: 1 knows one back, revisions: 2 two", async () => {
  const found = await troubles([0, 1, 2], async (revisions) => {
    const cluster = await tell({ policy: quick({ rollbackWindow: { revisions } }) });
    await cluster.runToEnd();
    await lasts(cluster, third);
    await lasts(cluster, stableImage);
    const isQuick = journalOf(cluster).includes("WithinRollbackWindow");
    const twoBack = isQuick === revisions >= 2 ? [] : [`two back was ${isQuick ? "quick" : "slow"}`];
    await lasts(cluster, third);
    const forwardIsQuick = journalOf(cluster).includes("WithinRollbackWindow");
    const forward = forwardIsQuick ? ["what was fled from came back without the steps"] : [];
    await lasts(cluster, stableImage);
    const oneBackIsQuick = journalOf(cluster).includes("WithinRollbackWindow");
    const oneBack = oneBackIsQuick === revisions >= 1 ? [] : [`one back was ${oneBackIsQuick ? "quick" : "slow"}`];
    return [...twoBack, ...forward, ...oneBack, ...check(cluster, { pods: { [stableImage]: 4 } })];
  });
  expect(found).toEqual([]);
});

test("pods that don't get ready end it at progressDeadline, with every request on the present pods", async () => {
  const cluster = await tell({ policy: slow({ canary: { progressDeadline: "10s" } }), replicas: 3 });
  await cluster.runToEnd();
  // The old version's registry is gone, say.
  cluster.server.onChange(({ object, resource }) => {
    if (resource.plural !== "pods") return;
    const pod = cluster.podsOf(stableImage).find(({ metadata }) => metadata.uid === object.metadata.uid);
    if (pod && pod.status?.phase !== "Failed") cluster.pods.break(pod);
  });
  const before = cluster.mesh.weightsSeen.length;
  await lasts(cluster, stableImage);
  expect(journalOf(cluster)).toEqual(expect.arrayContaining(["WithinRollbackWindow", "ProgressDeadlineExceeded"]));
  expect(Math.max(0, ...weightsOfThisPlan(cluster, before))).toBe(0);
  expect(cluster.plan?.status?.phase).toBe("RolledBack");
  expect(cluster.running()).toEqual({ [canaryImage]: 3 });
});

test("a person's hold and abort work there, too", async () => {
  const cluster = await tell({ policy: slow() });
  await cluster.runToEnd();
  cluster.users.setImage(stableImage);
  await cluster.run(300);
  if (cluster.plan) cluster.users.control(cluster.plan, { hold: {} });
  await cluster.run(20_000);
  expect(cluster.plan?.status).toMatchObject({ phase: "Paused", reason: "PausedByUser", weight: { desired: 0 } });
  if (cluster.plan) cluster.users.control(cluster.plan, { abort: {} });
  await cluster.runToEnd();
  expect(check(cluster, { phases: ["Promoted", "RolledBack"], pods: { [canaryImage]: 4 } })).toEqual([]);
});

test("a template that failed is not quick when it is asked for again, though it had served", async () => {
  const cluster = await tell({ policy: slow({ onRepeat: "Retry" }) });
  await cluster.runToEnd();
  cluster.users.setImage(stableImage);
  await cluster.run(300);
  if (cluster.plan) cluster.users.control(cluster.plan, { abort: {} });
  await cluster.runToEnd();
  expect(cluster.plan?.status?.phase).toBe("RolledBack");
  expect(await lasts(cluster, stableImage)).toBeGreaterThan(600);
  expect(journalOf(cluster)).not.toContain("WithinRollbackWindow");
  expect(cluster.plan?.status?.phase).toBe("Promoted");
  expect(cluster.findings()).toEqual([]);
});

test("after a change that came past Serin the version before it is quick, and the bypassed one is not", async () => {
  const cluster = await tell({ policy: slow() });
  await cluster.runToEnd();
  cluster.users.webhookIsUp = false;
  cluster.users.setImage(third);
  cluster.users.webhookIsUp = true;
  await cluster.run(20_000);
  expect(cluster.plan?.status?.phase).toBe("Bypassed");
  expect(await lasts(cluster, canaryImage)).toBeLessThan(15);
  expect(journalOf(cluster)).toContain("WithinRollbackWindow");
  cluster.users.setImage(third);
  await cluster.run(20_000);
  expect(cluster.plan?.status).toMatchObject({ phase: "Progressing", weight: { desired: 10 } });
  expect(journalOf(cluster)).not.toContain("WithinRollbackWindow");
  expect(cluster.findings()).toEqual([]);
});

test("a worker's crash at any moment of it changes neither the decision nor the outcome", { timeout: 60_000 }, async () => {
  const moments = Array.from({ length: 22 }, (_, i) => i * 400 + 50);
  const found = await troubles(moments, async (at) => {
    const cluster = await tell({ policy: slow(), replicas: 2 });
    await cluster.runToEnd();
    const before = cluster.mesh.weightsSeen.length;
    cluster.users.setImage(stableImage);
    await cluster.run(at);
    cluster.crash();
    await cluster.runToEnd(60_000);
    const weights = weightsOfThisPlan(cluster, before);
    const steps = weights.some((weight) => weight !== 0 && weight !== 100) ? [`weights ${weights.join(", ")}`] : [];
    return [...steps, ...check(cluster, { phases: ["Promoted", "Promoted"], pods: { [stableImage]: 2 } })];
  });
  expect(found).toEqual([]);
});

test("the old stable again in the middle of a promotion: it finishes, and the way back is quick", async () => {
  const cluster = await tell({ policy: quick() }, 13_000);
  await cluster.run(20_000, () => cluster.plan?.status?.stage === "handOver" || cluster.plan?.status?.stage === "unhold");
  expect(cluster.plan?.status?.phase).toBe("Promoting");
  cluster.users.setImage(stableImage);
  expect(cluster.users.lastAnswer?.reason).toBe("ChangedAfterPromotion");
  await cluster.runToEnd();
  expect(journalOf(cluster)).toContain("WithinRollbackWindow");
  expect(check(cluster, { phases: ["Promoted", "Promoted"], pods: { [stableImage]: 4 } })).toEqual([]);
});
