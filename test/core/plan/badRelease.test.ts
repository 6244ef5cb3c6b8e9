import { expect, test } from "vitest";
import { resources } from "../../../src/kube/resources.ts";
import { canaryImage, stableImage } from "../../build/story.ts";
import { aVirtualService } from "../../build/virtualService.ts";
import { Cluster, imageOf } from "../../fakes/cluster.ts";
import { asInTheArticle, watchful } from "../../scenes/article.ts";

const bad = `${canaryImage}-errors50`;

test("a bad release is rolled back, the failure stands for revertAfter, and the stable template goes back", async () => {
  const cluster = await Cluster.of({ policy: watchful({ revertAfter: "30s" }), routes: [aVirtualService()] });
  const original = cluster.route();
  cluster.users.setImage(bad);
  await cluster.run(40_000);
  expect(cluster.plan?.status).toMatchObject({ phase: "RollingBack", outcome: "RolledBack", stage: "revertAfter" });
  expect(cluster.deployment?.status?.conditions).toMatchObject([
    { type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" },
  ]);
  expect(imageOf(cluster.deployment)).toBe(bad);
  await cluster.runToEnd();
  expect(cluster.findings()).toEqual([]);
  expect(cluster.plan?.status).toMatchObject({ phase: "RolledBack", reason: "RolledBack" });
  expect(Math.max(...cluster.mesh.weightsSeen.map(({ weight }) => weight))).toBe(30);
  expect(cluster.route()?.spec).toEqual(original?.spec);
  expect(cluster.running()).toEqual({ [stableImage]: 4 });
  expect(imageOf(cluster.deployment)).toBe(stableImage);
  expect(cluster.deployment?.spec?.paused).toBeUndefined();
});

test("with onFailure Hold the wanted template stays, held, and stable serves", async () => {
  const cluster = await Cluster.of({ policy: watchful({ onFailure: "Hold" }), routes: [aVirtualService()] });
  cluster.users.setImage(bad);
  await cluster.runToEnd();
  expect(cluster.findings()).toEqual([]);
  expect(cluster.plan?.status?.phase).toBe("Held");
  expect(cluster.running()).toEqual({ [stableImage]: 4 });
  expect(imageOf(cluster.deployment)).toBe(bad);
  expect(cluster.deployment?.spec?.paused).toBe(true);
});

test("the article's own policy never lets a release beyond 30 % that fails half of its requests", async () => {
  const cluster = await Cluster.of({ policy: asInTheArticle(), routes: [aVirtualService()] });
  cluster.users.setImage(bad);
  const began = cluster.clock.now();
  await cluster.run(100_000, () => cluster.plan?.status?.phase === "RollingBack");
  expect((cluster.clock.now() - began) / 1_000).toBeLessThan(100);
  await cluster.runToEnd();
  expect(cluster.plan?.status?.phase).toBe("RolledBack");
  expect(Math.max(...cluster.mesh.weightsSeen.map(({ weight }) => weight))).toBe(30);
  expect(cluster.findings()).toEqual([]);
});

test.each(["crash", "unready"])("pods that %s end the plan at progressDeadline, and no request meets them", async (how) => {
  const policy = watchful({ canary: { progressDeadline: "20s" }, revertAfter: "1s" });
  const cluster = await Cluster.of({ policy, routes: [aVirtualService()] });
  cluster.users.setImage(`${canaryImage}-${how}`);
  const began = cluster.clock.now();
  await cluster.run(60_000, () => cluster.plan?.status?.phase === "RollingBack");
  expect(cluster.plan?.status?.journal?.map(({ reason }) => reason)).toContain("ProgressDeadlineExceeded");
  expect((cluster.clock.now() - began) / 1_000).toBeGreaterThan(20);
  expect((cluster.clock.now() - began) / 1_000).toBeLessThan(25);
  await cluster.runToEnd();
  expect(cluster.findings()).toEqual([]);
  expect(cluster.plan?.status?.phase).toBe("RolledBack");
  expect(Math.max(0, ...cluster.mesh.weightsSeen.map(({ weight }) => weight))).toBe(0);
  expect(cluster.running()).toEqual({ [stableImage]: 4 });
});

test("after a worker's crash the deadline goes on where it was", async () => {
  const policy = watchful({ canary: { progressDeadline: "30s" }, revertAfter: "1s" });
  const cluster = await Cluster.of({ policy, routes: [aVirtualService()] });
  cluster.users.setImage(`${canaryImage}-crash`);
  const began = cluster.clock.now();
  await cluster.run(15_000);
  cluster.crash();
  await cluster.run(60_000, () => cluster.plan?.status?.phase === "RollingBack");
  expect((cluster.clock.now() - began) / 1_000).toBeLessThan(36);
  await cluster.runToEnd();
  expect(cluster.findings()).toEqual([]);
});

test("the same template again after it failed is held at once, on stable, and another one is not", async () => {
  const cluster = await Cluster.of({ policy: watchful({ revertAfter: "1s" }), routes: [aVirtualService()] });
  cluster.users.setImage(bad);
  await cluster.runToEnd();
  cluster.users.setImage(bad);
  await cluster.runToEnd();
  expect(cluster.plans.map(({ status }) => status?.phase)).toEqual(["RolledBack", "Held"]);
  expect(cluster.running()).toEqual({ [stableImage]: 4 });
  expect(cluster.deployment?.spec?.paused).toBe(true);
  cluster.users.setImage(canaryImage);
  await cluster.runToEnd();
  expect(cluster.findings()).toEqual([]);
  expect(cluster.plans.map(({ status }) => status?.phase)).toEqual(["RolledBack", "Held", "Promoted"]);
  expect(cluster.running()).toEqual({ [canaryImage]: 4 });
});

test("a held template that is taken back lets the Deployment go", async () => {
  const cluster = await Cluster.of({ policy: watchful({ onFailure: "Hold" }), routes: [aVirtualService()] });
  cluster.users.setImage(bad);
  await cluster.runToEnd();
  cluster.users.setImage(stableImage);
  await cluster.run(10_000);
  expect(cluster.deployment?.spec?.paused).toBeUndefined();
  expect(cluster.running()).toEqual({ [stableImage]: 4 });
  expect(cluster.findings()).toEqual([]);
});

test.each([
  ["without a stamp", {}, "StampMissing"],
  ["with one of its own", { by: "eve", at: new Date(0).toISOString() }, "StampForged"],
])("a retry that came past the webhook, %s, begins nothing: an Event says so, and asked again it begins", async (_, stamp, reason) => {
  const cluster = await Cluster.of({ policy: watchful({ onFailure: "Hold" }), routes: [aVirtualService()] });
  cluster.users.setImage(bad);
  await cluster.runToEnd();
  await cluster.run(60_000);
  const { plan } = cluster;
  if (!plan) throw new Error("there is no plan");
  cluster.users.webhookIsUp = false;
  cluster.users.control(plan, { retry: stamp });
  await cluster.run(10_000);
  expect(cluster.plans).toHaveLength(1);
  expect(cluster.plan?.spec.control).toEqual({});
  expect(cluster.events.filter((each) => each === reason)).toHaveLength(1);
  cluster.users.webhookIsUp = true;
  cluster.users.control(plan, { retry: {} });
  await cluster.run(1_000);
  expect(cluster.plans).toHaveLength(2);
  expect(cluster.findings()).toEqual([]);
});

test("a held template is tried again, as often as a person asks for it", async () => {
  const cluster = await Cluster.of({ policy: watchful({ onFailure: "Hold" }), routes: [aVirtualService()] });
  cluster.users.setImage(bad);
  await cluster.runToEnd();
  for (const times of [2, 3]) {
    // The metric's window is a minute, and is not about one revision alone.
    await cluster.run(60_000);
    const { plan } = cluster;
    if (plan) cluster.users.control(plan, { retry: {} });
    await cluster.run(1_000);
    expect(cluster.plans).toHaveLength(times);
    await cluster.runToEnd();
    expect(cluster.plan?.spec.request).toMatchObject({ user: "ann", fieldManager: "control.retry" });
    expect(cluster.mesh.weightsSeen.filter(({ weight }) => weight === 30)).toHaveLength(times);
  }
  expect(cluster.plans.map(({ status }) => status?.phase)).toEqual(["Held", "Held", "Held"]);
  await cluster.run(60_000);
  expect(cluster.plans).toHaveLength(3);
  cluster.users.setImage(stableImage);
  await cluster.run(10_000);
  expect(cluster.deployment?.spec?.paused).toBeUndefined();
  expect(cluster.findings()).toEqual([]);
});

test("deleting the record of a held plan gives the change up: the stable template is back, nothing starts, the record goes", async () => {
  const cluster = await Cluster.of({ policy: watchful({ onFailure: "Hold" }), routes: [aVirtualService()] });
  cluster.users.setImage(bad);
  await cluster.runToEnd();
  const { plan } = cluster;
  expect(plan?.status?.phase).toBe("Held");
  if (plan) cluster.users.remove(resources.canaryplans, plan.metadata.name);
  await cluster.run(10_000);
  expect(cluster.plans).toEqual([]);
  expect(imageOf(cluster.deployment)).toBe(stableImage);
  expect(cluster.deployment?.spec?.paused).toBeUndefined();
  expect(cluster.running()).toEqual({ [stableImage]: 4 });
  expect(cluster.findings()).toEqual([]);
});

test("the record of a held plan may go as soon as something else is asked for", async () => {
  const cluster = await Cluster.of({ policy: watchful({ onFailure: "Hold" }), routes: [aVirtualService()] });
  cluster.users.setImage(bad);
  await cluster.runToEnd();
  const { plan: held } = cluster;
  cluster.users.setImage("nginx:1.26.0");
  await cluster.run(2_000);
  if (held) cluster.users.remove(resources.canaryplans, held.metadata.name);
  await cluster.runToEnd();
  expect(cluster.plans.map(({ status }) => status?.phase)).toEqual(["Promoted"]);
  expect(cluster.findings()).toEqual([]);
});

test("the record that was retried may go: the request does not look as if it had never had its plan", async () => {
  const cluster = await Cluster.of({ policy: watchful({ onFailure: "Hold", onRepeat: "Retry" }), routes: [aVirtualService()] });
  cluster.users.setImage(bad);
  await cluster.runToEnd();
  const { plan: first } = cluster;
  if (first) cluster.users.control(first, { retry: {} });
  await cluster.run(1_000);
  await cluster.runToEnd();
  if (first) cluster.users.remove(resources.canaryplans, first.metadata.name);
  await cluster.run(20_000);
  expect(cluster.plans.map(({ status }) => status?.phase)).toEqual(["Held"]);
  expect(cluster.findings()).toEqual([]);
});
