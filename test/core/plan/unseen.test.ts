import { expect, test } from "vitest";
import { annotations } from "../../../src/api/names.ts";
import { requestUidsOf } from "../../../src/api/planRequests.ts";
import { annotationText, sealPassage } from "../../../src/core/admission/seal.ts";
import type { KubeObject } from "../../../src/kube/object.ts";
import { resources } from "../../../src/kube/resources.ts";
import { aRequest } from "../../build/plan.ts";
import { canaryImage, deploymentName, namespace, stableImage } from "../../build/story.ts";
import { aVirtualService } from "../../build/virtualService.ts";
import { Cluster } from "../../fakes/cluster.ts";
import { keys } from "../../fakes/users.ts";
import { quick } from "../../scenes/article.ts";
import { message, noted, other, unwatched, watched } from "../../scenes/letThrough.ts";
import { troubles } from "../../scenes/tell.ts";

/** Changes that were let through while no worker was there to see them: the webhook's note tells the next worker all that the record needs. */

async function workerComesBack(cluster: Cluster): Promise<void> {
  cluster.startWorker();
  cluster.users.workerIsAlive = true;
  await cluster.run(15_000);
}

test("one is on record once a worker is back: who, what, which policy, in the webhook's words", async () => {
  const cluster = await unwatched([canaryImage]);
  expect(noted(cluster).length).toBeGreaterThan(0);
  await workerComesBack(cluster);
  expect(cluster.plans).toHaveLength(1);
  const { spec, status } = cluster.plan ?? {};
  expect(spec).toMatchObject({ stable: { images: [stableImage] }, canary: { images: [canaryImage] }, policy: { generation: 1 } });
  expect(spec?.overwritten).toBeUndefined();
  expect(status).toMatchObject({ phase: "Bypassed", reason: "BypassWorkerDown", message, request: { user: "ann" } });
  expect(status?.journal).toMatchObject([{ reason: "BypassWorkerDown", message }]);
  expect(status?.seal).toBeDefined();
  expect(cluster.events).toContain("BypassWorkerDown");
  expect(noted(cluster)).toEqual([]);
  expect(cluster.running()).toEqual({ [canaryImage]: 4 });
  expect(cluster.findings()).toEqual([]);
});

test("of several the last is on record, and who asked for those before it", async () => {
  const cluster = await unwatched([canaryImage, stableImage, other]);
  await workerComesBack(cluster);
  expect(cluster.plans).toHaveLength(1);
  expect(cluster.plan).toMatchObject({
    spec: { stable: { images: [stableImage] }, canary: { images: [other] }, overwritten: [{ uid: "request-1" }, { uid: "request-2" }] },
    status: { phase: "Bypassed", request: { uid: "request-3" } },
  });
  expect(noted(cluster)).toEqual([]);
  expect(cluster.findings()).toEqual([]);
});

test("the policy was edited meanwhile: the record leaves out what it can't know", async () => {
  const cluster = await unwatched([canaryImage]);
  const { name } = cluster.server.list<KubeObject>(resources.canarypolicies)[0]?.metadata ?? {};
  cluster.users.editPolicy(name ?? "", ({ spec }) => {
    spec.priority = 7;
  });
  await workerComesBack(cluster);
  expect(cluster.plan?.status).toMatchObject({ phase: "Bypassed", reason: "BypassWorkerDown", request: { user: "ann" } });
  expect(cluster.plan?.spec.policy).toBeUndefined();
  expect(cluster.findings()).toEqual([]);
});

test("a canary that is asked for before the worker has looked: its plan names the request before it", async () => {
  const cluster = await unwatched([canaryImage]);
  cluster.users.workerIsAlive = true;
  cluster.users.setImage(other);
  await workerComesBack(cluster);
  await cluster.runToEnd();
  expect(cluster.plans.map(({ spec, status }) => [status?.phase, spec.request?.uid, spec.overwritten?.map(({ uid }) => uid)])).toEqual([
    ["Promoted", "request-2", ["request-1"]],
  ]);
  expect(cluster.findings()).toEqual([]);
});

test.each([1, 2, 3, 4])(
  "the worker that comes back dies at its write %i, before or after it: one record, with its words",
  async (write) => {
    for (const when of ["before", "after"] as const) {
      const cluster = await unwatched([canaryImage]);
      cluster.startWorker({ write, when });
      cluster.users.workerIsAlive = true;
      await cluster.run(60_000);
      expect(cluster.plans.map(({ status }) => [status?.phase, status?.message, status?.request?.user])).toEqual([
        ["Bypassed", message, "ann"],
      ]);
      expect(noted(cluster)).toEqual([]);
      expect(cluster.findings()).toEqual([]);
    }
  },
);

test("a worker that sees a change and dies before its record has words: the next one has them from the note", async () => {
  for (const write of [1, 2, 3]) {
    const cluster = await watched({ crash: { write, when: "after" } });
    cluster.users.setImage(canaryImage);
    await cluster.run(60_000);
    expect(cluster.plans.map(({ status }) => [status?.phase, status?.message, status?.request?.user])).toEqual([
      ["Bypassed", message, "ann"],
    ]);
    expect(noted(cluster)).toEqual([]);
    expect(cluster.findings()).toEqual([]);
  }
});

test("two within a moment, in front of a worker: each has its own record, and none speaks of the other", async () => {
  const cluster = await watched();
  for (const image of [canaryImage, other]) {
    cluster.users.setImage(image);
    await cluster.run(5);
  }
  await cluster.run(30_000);
  expect(cluster.plans.map(({ spec, status }) => [status?.phase, status?.request?.uid, spec.overwritten])).toEqual([
    ["Bypassed", "request-1", undefined],
    ["Bypassed", "request-2", undefined],
  ]);
  expect(noted(cluster)).toEqual([]);
  expect(cluster.findings()).toEqual([]);
});

/** Each moment between two changes, and each of the worker's first writes, at which it dies before or after. */
const crashes = [1, 5, 10, 21, 30, 100].flatMap((gap) =>
  [1, 2, 3, 4, 5, 6, 7, 8].flatMap((write) => (["before", "after"] as const).map((when) => ({ gap, write, when }))),
);

test("two within a moment, and a worker that dies over them: both requests are named, once", async () => {
  const found = await troubles(crashes, async ({ gap, ...crash }) => {
    const cluster = await watched({ crash });
    for (const image of [canaryImage, other]) {
      cluster.users.setImage(image);
      await cluster.run(gap);
    }
    await cluster.run(60_000);
    const named = cluster.plans.flatMap(requestUidsOf).sort().join();
    return [...(named === "request-1,request-2" ? [] : [`names ${named}: ${cluster.describe()}`]), ...cluster.findings()];
  });
  expect(found).toEqual([]);
});

test("one, a canary within a moment, and a worker that dies over them: both requests are named", async () => {
  const found = await troubles(crashes, async ({ gap, ...crash }) => {
    const cluster = await watched({ crash });
    cluster.users.setImage(canaryImage);
    await cluster.run(gap);
    cluster.users.workerIsAlive = true;
    cluster.users.setImage(other);
    await cluster.runToEnd();
    await cluster.run(60_000);
    // Twice is better than not at all.
    const named = [...new Set(cluster.plans.flatMap(requestUidsOf))].sort().join();
    return [...(named === "request-1,request-2" ? [] : [`names ${named}: ${cluster.describe()}`]), ...cluster.findings()];
  });
  expect(found).toEqual([]);
});

test("a note of a change that never was, written past the webhook: no record, and it goes", async () => {
  const cluster = await Cluster.of({ policy: quick(), routes: [aVirtualService()] });
  const { uid = "", generation = 1 } = cluster.deployment?.metadata ?? {};
  const template = { digest: "0".repeat(64), images: ["evil:1"] };
  const at = new Date(cluster.clock.now()).toISOString();
  const note = {
    v: 1 as const,
    uid,
    generation: generation + 2,
    policy: { name: "p", uid: "p", generation: 1 },
    before: template,
    asked: template,
    reason: "BypassOptOut",
    message: "",
    request: aRequest({ at }),
  };
  cluster.server.update<KubeObject>(resources.deployments, deploymentName, namespace, ({ metadata }) => {
    metadata.annotations = { ...metadata.annotations, [annotations.passage]: annotationText(sealPassage(note, keys)) };
  });
  await cluster.run(30_000);
  expect(noted(cluster)).toEqual([]);
  expect(cluster.plans).toEqual([]);
});

test("a copy of a note that was kept past its record, and comes back past the webhook: no second record", async () => {
  const cluster = await unwatched([canaryImage]);
  const copy = cluster.deployment?.metadata.annotations?.[annotations.passage] ?? "";
  await workerComesBack(cluster);
  const first = cluster.plan?.metadata.name ?? "";
  cluster.users.setImage(other);
  await cluster.runToEnd();
  cluster.server.remove(resources.canaryplans, first, namespace);
  cluster.server.update<KubeObject>(resources.deployments, deploymentName, namespace, ({ metadata }) => {
    metadata.annotations = { ...metadata.annotations, [annotations.passage]: copy };
  });
  await cluster.run(30_000);
  expect(noted(cluster)).toEqual([]);
  expect(cluster.plans.map(({ status }) => status?.phase)).toEqual(["Promoted"]);
});
