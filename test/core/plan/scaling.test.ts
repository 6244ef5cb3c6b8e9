import { expect, test } from "vitest";
import type { VirtualServiceObject } from "../../../src/core/traffic/wire.ts";
import { canaryImage, stableImage } from "../../build/story.ts";
import { imageOf } from "../../fakes/cluster.ts";
import { quick } from "../../scenes/article.ts";
import { check, everySecond, tell, troubles } from "../../scenes/tell.ts";

test("scaled from 8 to 4 at any second, no request is lost and four promoted pods are left", { timeout: 60_000 }, async () => {
  const found = await troubles(everySecond, async (at) => {
    const cluster = await tell({ replicas: 8 }, at);
    cluster.users.scale(4);
    await cluster.runToEnd();
    return check(cluster, { phases: ["Promoted"], pods: { [canaryImage]: 4 } });
  });
  expect(found).toEqual([]);
});

test("scaled from 4 to 8 at any second, no request is lost and eight promoted pods are left", { timeout: 60_000 }, async () => {
  const found = await troubles(everySecond, async (at) => {
    const cluster = await tell({ replicas: 4 }, at);
    cluster.users.scale(8);
    await cluster.runToEnd();
    return check(cluster, { phases: ["Promoted"], pods: { [canaryImage]: 8 } });
  });
  expect(found).toEqual([]);
});

test("scaled to 0 at any second, the plan is cancelled or finishes, and nothing runs", { timeout: 60_000 }, async () => {
  const found = await troubles(everySecond, async (at) => {
    const cluster = await tell({ podsDie: true }, at);
    cluster.users.scale(0);
    await cluster.runToEnd();
    const phase = cluster.plan?.status?.phase ?? "";
    const image = phase === "Promoted" ? canaryImage : stableImage;
    const template = imageOf(cluster.deployment) === image ? [] : [`${phase} with ${imageOf(cluster.deployment)}`];
    return [...check(cluster, { phases: [["Promoted", "Cancelled"].find((each) => each === phase) ?? "ended"], pods: {} }), ...template];
  });
  expect(found).toEqual([]);
});

test("a canary pod that is lost mid-pause lowers the weight at once; it comes back with the pod", async () => {
  const cluster = await tell(
    { replicas: 4, podsDie: true, policy: { steps: [{ setWeight: 50 }, { pause: { duration: "20s" } }], traffic: { settle: "500ms" } } },
    8_000,
  );
  const [pod] = cluster.podsOf(canaryImage);
  if (pod) cluster.pods.break(pod);
  await cluster.run(1_000);
  expect(cluster.mesh.weightsSeen.map(({ weight }) => weight)).toEqual([0, 50, 25]);
  expect(cluster.plan?.status?.journal?.map(({ reason }) => reason)).toContain("CapacityLost");
  if (pod) cluster.pods.mend(pod);
  await cluster.runToEnd();
  expect(cluster.mesh.weightsSeen.map(({ weight }) => weight)).toEqual([0, 50, 25, 50, 100]);
  expect(cluster.findings()).toEqual([]);
  expect(cluster.plan?.status?.phase).toBe("Promoted");
});

test("canary pods that never come back end the plan at progressDeadline", async () => {
  const policy = {
    steps: [{ setWeight: 50 }, { pause: { duration: "60s" } }],
    canary: { progressDeadline: "10s" },
    revertAfter: "0",
    traffic: { settle: "500ms" },
  };
  const cluster = await tell({ podsDie: true, policy }, 8_000);
  for (const pod of cluster.podsOf(canaryImage)) cluster.pods.break(pod);
  await cluster.run(15_000);
  expect(cluster.plan?.status?.phase).not.toBe("Progressing");
  await cluster.runToEnd();
  expect(cluster.plan?.status?.journal?.map(({ reason }) => reason)).toContain("ProgressDeadlineExceeded");
  expect(cluster.plan?.status?.phase).toBe("RolledBack");
  expect(cluster.findings()).toEqual([]);
});

test.each([
  { replicas: 2, at30: 2, at60: 2 },
  { replicas: "50%", at30: 4, at60: 4 },
  { replicas: "Weight", at30: 3, at60: 5 },
])(
  "canary.replicas $replicas of 8 gives $at30 pods at 30 % and $at60 at 60 %, and all of them at the promotion",
  async ({ replicas, at30, at60 }) => {
    const cluster = await tell({ replicas: 8, policy: quick({ canary: { replicas } }) });
    const seen = new Map<number | undefined, number>();
    cluster.server.onChange(() => seen.set(cluster.plan?.status?.weight?.desired, cluster.running()[canaryImage] ?? 0));
    await cluster.runToEnd();
    expect(cluster.findings()).toEqual([]);
    expect([seen.get(30), seen.get(60)]).toEqual([at30, at60]);
    expect(cluster.running()).toEqual({ [canaryImage]: 8 });
  },
);

test("the old pods stay for scaleDownDelay, however often the worker dies meanwhile, and whoever scales meanwhile", async () => {
  const cluster = await tell({ policy: quick({ canary: { scaleDownDelay: "10s" } }) });
  await cluster.run(60_000, () => cluster.plan?.status?.stage === "delay");
  const began = cluster.clock.now();
  await cluster.run(3_000);
  cluster.crash();
  await cluster.run(3_000);
  cluster.users.scale(6);
  cluster.crash();
  await cluster.run(60_000, () => (cluster.running()[stableImage] ?? 0) === 0);
  expect((cluster.clock.now() - began) / 1_000).toBeGreaterThan(9.5);
  expect((cluster.clock.now() - began) / 1_000).toBeLessThan(12);
  await cluster.runToEnd();
  expect(check(cluster, { phases: ["Promoted"], pods: { [canaryImage]: 6 } })).toEqual([]);
});

test("when the steps lower the weight, pods go only after the routes are down and every proxy has heard of it", async () => {
  const steps = [{ setWeight: 75 }, { pause: { duration: "2s" } }, { setWeight: 25 }, { pause: { duration: "4s" } }];
  const cluster = await tell({ replicas: 8, policy: quick({ steps }) });
  const told: string[] = [];
  let lowered = 0;
  cluster.server.onChange(({ object, before, resource }) => {
    const pair = (object as unknown as VirtualServiceObject).spec?.http?.[0]?.route ?? [];
    if (resource.plural === "virtualservices" && pair[1]?.weight === 25 && lowered === 0) lowered = cluster.clock.now();
    const [now, was] = [object, before].map((each) => (each as { spec?: { replicas?: number } } | undefined)?.spec?.replicas ?? 0);
    if (resource.plural === "replicasets" && was === 6 && now === 2)
      told.push(lowered > 0 && cluster.clock.now() - lowered >= 500 ? "in time" : "early");
  });
  await cluster.runToEnd();
  expect(told).toEqual(["in time"]);
  expect(check(cluster, { phases: ["Promoted"], pods: { [canaryImage]: 8 } })).toEqual([]);
});
