import { describe, expect, test } from "vitest";
import { annotations, labels } from "../../../src/api/names.ts";
import type { CanaryPlan } from "../../../src/api/plan.ts";
import { remains } from "../../../src/core/plan/leaving.ts";
import type { KubeObject } from "../../../src/kube/object.ts";
import { resources } from "../../../src/kube/resources.ts";
import { aPlan } from "../../build/plan.ts";
import { canaryImage, deploymentName, namespace, stableImage } from "../../build/story.ts";
import { aVirtualService } from "../../build/virtualService.ts";
import { Cluster, imageOf } from "../../fakes/cluster.ts";
import { quick, watchful } from "../../scenes/article.ts";
import { check, everySecond, tell, troubles } from "../../scenes/tell.ts";
import { deleteAll, deleteNamespace, finalizersLeft, installed, left, ourMarks } from "../../scenes/uninstalling.ts";

describe.each([
  ["its namespace", deleteNamespace],
  ["everything at once", deleteAll],
])("Serin is uninstalled, %s", (_what, uninstall) => {
  test("whenever in a plan: within 40 s stable serves, or the canary that was being handed over, and nothing of ours is left", async () => {
    const found = await troubles(
      everySecond.filter((_, i) => i % 2 === 0),
      async (second) => {
        const cluster = await tell();
        installed(cluster);
        await cluster.run(second);
        uninstall(cluster);
        await cluster.run(40_000);
        const image = imageOf(cluster.deployment);
        return [...left(cluster, image), ...check(cluster, {})];
      },
    );
    expect(found).toEqual([]);
  });

  test("in the middle: the plan is cancelled, and says why", async () => {
    const cluster = await tell({}, 6_000);
    installed(cluster);
    await cluster.run(500);
    uninstall(cluster);
    await cluster.run(1_000);
    expect(cluster.plan?.status?.journal?.map((entry) => entry.reason)).toContain("Uninstalling");
    await cluster.run(30_000);
    expect(left(cluster, stableImage)).toEqual([]);
    expect(cluster.findings()).toEqual([]);
  });

  test("what is held after a failure gets its stable template back", async () => {
    const cluster = await Cluster.of({ policy: watchful({ onFailure: "Hold" }), routes: [aVirtualService()] });
    installed(cluster);
    cluster.users.setImage("nginx:1.24.0-errors50");
    await cluster.runToEnd();
    expect(cluster.deployment?.spec?.paused).toBe(true);
    uninstall(cluster);
    await cluster.run(30_000);
    expect(left(cluster, stableImage)).toEqual([]);
  });

  test("nothing under way: the rights go 5 s later, and a change in between is a plain rollout", async () => {
    const cluster = await tell({}, 0, stableImage);
    installed(cluster);
    await cluster.run(500);
    uninstall(cluster);
    await cluster.run(4_500);
    expect(finalizersLeft(cluster)).toHaveLength(3);
    await cluster.run(2_000);
    expect(left(cluster, stableImage)).toEqual([]);
  });
});

test("a hold that came a moment before, and has no plan yet, rolls out as it would have without Serin", async () => {
  const cluster = await tell({}, 0, stableImage);
  installed(cluster);
  await cluster.run(500);
  deleteNamespace(cluster);
  cluster.users.setImage(canaryImage);
  expect(cluster.users.lastAnswer?.reason).toBe("ImageChanged");
  await cluster.run(20_000);
  expect(cluster.plans).toEqual([]);
  expect(cluster.events).toContain("Uninstalling");
  expect(left(cluster, canaryImage)).toEqual([]);
});

test("marks that do nothing go too: of an admitted change, of the user's own pause, of a promotion long ago", async () => {
  const cluster = await tell();
  installed(cluster);
  await cluster.runToEnd();
  expect(ourMarks(cluster)).toContain(labels.plan);
  cluster.server.update<KubeObject>(resources.deployments, deploymentName, namespace, ({ metadata }) => {
    metadata.annotations = { ...metadata.annotations, [annotations.admitted]: "1", [annotations.beforePause]: "{}" };
  });
  deleteNamespace(cluster);
  await cluster.run(20_000);
  expect(left(cluster, canaryImage)).toEqual([]);
});

test("a plan whose scaleDownDelay, or revertAfter, has begun is not waited for", async () => {
  const slow = await tell({ policy: quick({ canary: { scaleDownDelay: "10m" } as never }) });
  installed(slow);
  await slow.run(30_000);
  expect(slow.plan?.status?.phase).toBe("Promoting");
  deleteNamespace(slow);
  await slow.run(20_000);
  expect(left(slow, canaryImage)).toEqual([]);
  expect(slow.plan?.status?.phase).toBe("Promoted");
});

test("requests that nobody counts any more hold the end up for 10 s, not for 30: the worker's token is believed for 60", async () => {
  const cluster = await tell({}, 6_000);
  installed(cluster);
  await cluster.run(500);
  cluster.prometheus.counts = false;
  deleteNamespace(cluster);
  await cluster.run(10_000);
  expect(cluster.plan?.status?.phase).toBe("Cancelling");
  await cluster.run(14_000);
  expect(left(cluster, stableImage)).toEqual([]);
});

test("a single answer that the kind is not there lets nothing go", async () => {
  const cluster = await tell({}, 6_000);
  cluster.server.absent.add("canaryplans");
  cluster.crash();
  await cluster.run(5_000);
  expect(cluster.deployment?.spec?.paused).toBe(true);
  cluster.worker?.kill();
  cluster.server.absent.delete("canaryplans");
  cluster.startWorker();
  await cluster.runToEnd();
  expect(check(cluster, { phases: ["Promoted"], pods: { [canaryImage]: 4 } })).toEqual([]);
});

test("what still stands is named, and what nobody waits for is told apart", () => {
  const plan: CanaryPlan = aPlan();
  const quiet = { carriesIntent: false, asked: false, traces: false, marked: false, deleting: false };
  const all = {
    plans: [plan],
    deployments: [
      { ...quiet, namespace: "shop", name: "held", carriesIntent: true },
      { ...quiet, namespace: "shop", name: "seen", traces: true },
      { ...quiet, namespace: "shop", name: "gone", carriesIntent: true, deleting: true },
      { ...quiet, namespace: "shop", name: "plain" },
    ],
    replicaSets: [
      { namespace: "shop", name: "stable", kept: true, madeBy: undefined, noted: false, deleting: false },
      { namespace: "shop", name: "promoted", kept: false, madeBy: "plan", noted: false, deleting: false },
      { namespace: "shop", name: "copied", kept: false, madeBy: undefined, noted: true, deleting: false },
      { namespace: "shop", name: "plain", kept: false, madeBy: undefined, noted: false, deleting: false },
    ],
  };
  expect(remains(all)).toEqual({
    owed: [`plan ${plan.metadata.namespace}/${plan.metadata.name}`, "held Deployment shop/held", "ReplicaSet shop/stable"],
    traces: ["Deployment shop/seen", "ReplicaSet shop/promoted", "ReplicaSet shop/copied"],
  });
});
