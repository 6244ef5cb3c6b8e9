import { expect, test } from "vitest";
import { resources } from "../../../src/kube/resources.ts";
import { withUid } from "../../build/change.ts";
import { aDeployment } from "../../build/deployment.ts";
import { canaryImage, deploymentName, stableImage } from "../../build/story.ts";
import { aVirtualService } from "../../build/virtualService.ts";
import { Cluster, imageOf } from "../../fakes/cluster.ts";
import { quick } from "../../scenes/article.ts";
import { check, everySecond, tell, troubles } from "../../scenes/tell.ts";

const third = "nginx:1.25.0";
const lastPhase = (cluster: Cluster) => cluster.plan?.status?.phase ?? "none";

test("a third version at any second supersedes the plan or follows it, and is promoted", { timeout: 60_000 }, async () => {
  const found = await troubles(everySecond, async (at) => {
    const cluster = await tell({}, at);
    cluster.users.setImage(third);
    await cluster.runToEnd();
    const [first] = cluster.plans;
    const phase = cluster.plans.length === 1 ? [] : [["Superseded", "Promoted"].find((each) => each === first?.status?.phase) ?? "ended"];
    const before = cluster.route()?.spec.http?.[0]?.route?.some(({ destination }) => destination.subset) ? ["the split is left"] : [];
    return [...check(cluster, { phases: [...phase, "Promoted"], pods: { [third]: 4 } }), ...before];
  });
  expect(found).toEqual([]);
});

test("a change that is overwritten within milliseconds: never two plans at a time, and both requests are on record once", {
  timeout: 60_000,
}, async () => {
  const found = await troubles([1, 3, 5, 8, 12, 20, 30, 50, 80], async (after) => {
    const cluster = await tell({}, after);
    cluster.users.setImage(third);
    await cluster.runToEnd();
    return check(cluster, { pods: { [third]: 4 } });
  });
  expect(found).toEqual([]);
});

test("a change that is taken back within milliseconds: nothing starts, and one Cancelled plan records it", {
  timeout: 60_000,
}, async () => {
  const found = await troubles([1, 3, 5, 8, 12, 20, 30, 50, 80], async (after) => {
    const cluster = await tell({}, after);
    cluster.users.setImage(stableImage);
    await cluster.runToEnd();
    const told = cluster.plans.flatMap(({ spec }) => [spec.request, ...(spec.overwritten ?? [])]).map((each) => each?.uid);
    const first = cluster.users.held[0]?.uid;
    const fine = first !== undefined && told.includes(first) ? [] : [`${first} is in none of ${told.join(", ")}`];
    return [...check(cluster, { phases: ["Cancelled"], pods: { [stableImage]: 4 } }), ...fine];
  });
  expect(found).toEqual([]);
});

test("the change taken back at any second cancels the plan, or is the next change once it is promoted", { timeout: 60_000 }, async () => {
  const found = await troubles(everySecond, async (at) => {
    const cluster = await tell({}, at);
    cluster.users.setImage(stableImage);
    await cluster.runToEnd();
    const phases = cluster.plans.map(({ status }) => status?.phase).join(" ");
    const fine = ["Cancelled", "Promoted Promoted"].includes(phases) ? [] : [`ended ${phases}: ${cluster.describe()}`];
    return [...check(cluster, { pods: { [stableImage]: 4 } }), ...fine];
  });
  expect(found).toEqual([]);
});

const removals: Array<[string, (cluster: Cluster) => void]> = [
  ["policy", ({ users }) => users.remove(resources.canarypolicies, "default")],
  [
    "policy (suspended, not)",
    ({ users }) =>
      users.editPolicy("default", ({ spec }) => {
        spec.suspend = true;
      }),
  ],
  ["plan", ({ users, plan }) => plan && users.remove(resources.canaryplans, plan.metadata.name)],
];

test.each(removals)(
  "the %s deleted at any second: traffic and template are back on stable, or the promotion finishes",
  { timeout: 60_000 },
  async (_, remove) => {
    const found = await troubles(everySecond, async (at) => {
      const cluster = await tell({}, at);
      let phase = "";
      cluster.server.onChange(({ object, resource }) => {
        if (resource.plural === "canaryplans") phase = (object["status"] as { phase?: string } | undefined)?.phase ?? phase;
      });
      phase = lastPhase(cluster);
      remove(cluster);
      await cluster.runToEnd();
      const image = phase === "Promoted" ? canaryImage : stableImage;
      const template = imageOf(cluster.deployment) === image ? [] : [`${phase} with ${imageOf(cluster.deployment)}`];
      const paused = cluster.deployment?.spec?.paused ? ["stays paused"] : [];
      const ended = ["Promoted", "Cancelled"].includes(phase) ? [] : [`ended ${phase}`];
      return [...check(cluster, { pods: { [image]: 4 } }), ...template, ...paused, ...ended];
    });
    expect(found).toEqual([]);
  },
);

test("a Deployment deleted and made anew under its name is another one: the plan ends, and its ReplicaSets are left alone", {
  timeout: 60_000,
}, async () => {
  const found = await troubles([200, 3_000, 8_000, 14_000, 18_500], async (at) => {
    const cluster = await tell({ podsDie: true }, at);
    cluster.users.remove(resources.deployments, deploymentName);
    const { status: _, ...anew } = aDeployment(withUid("d0000000-0000-4000-8000-000000000002"));
    cluster.server.create(resources.deployments, anew);
    await cluster.runToEnd();
    for (const { uid } of cluster.users.held) cluster.watchman.mayBeLost.add(uid);
    const paused = cluster.deployment?.spec?.paused ? ["stays paused"] : [];
    return [...check(cluster, { pods: { [stableImage]: 4 } }), ...paused];
  });
  expect(found).toEqual([]);
});

test("the Deployment deleted at any second: routing is restored, nothing of ours is left", { timeout: 60_000 }, async () => {
  const found = await troubles(everySecond, async (at) => {
    const cluster = await tell({ podsDie: true }, 0);
    const original = cluster.route()?.spec;
    await cluster.run(at);
    cluster.users.remove(resources.deployments, deploymentName);
    await cluster.runToEnd();
    await cluster.run(3_000);
    const route =
      JSON.stringify(cluster.route()?.spec) === JSON.stringify(original)
        ? []
        : [`the route is ${JSON.stringify(cluster.route()?.spec.http)}`];
    for (const { uid } of cluster.users.held) cluster.watchman.mayBeLost.add(uid);
    return [...check(cluster, { pods: {} }), ...route];
  });
  expect(found).toEqual([]);
});

test.each([1, 8])(
  "somebody unpauses past the admission at any second: %i pods are paused again at once, and the plan goes on to its end",
  { timeout: 60_000 },
  async (replicas) => {
    const found = await troubles(everySecond, async (at) => {
      const cluster = await tell({ replicas }, at);
      if (!cluster.deployment?.spec?.paused) return [];
      cluster.users.unpausePastAdmission();
      await cluster.run(100);
      const again =
        cluster.deployment?.spec?.paused || lastPhase(cluster) === "Promoting" || cluster.plan === undefined ? [] : ["not paused again"];
      await cluster.runToEnd();
      return [...again, ...check(cluster, { phases: ["Promoted"], pods: { [canaryImage]: replicas } })];
    });
    expect(found).toEqual([]);
  },
);

test.each([1, 8])(
  "somebody unpauses past the admission at any second of a bad release: %i stable pods go on serving",
  { timeout: 60_000 },
  async (replicas) => {
    const found = await troubles(everySecond.slice(0, 12), async (at) => {
      const cluster = await tell({ replicas, policy: quick({ revertAfter: "3s" }) }, at, `${canaryImage}-errors50`);
      if (!cluster.deployment?.spec?.paused) return [];
      cluster.users.unpausePastAdmission();
      await cluster.runToEnd();
      return check(cluster, { phases: ["RolledBack"], pods: { [stableImage]: replicas } });
    });
    expect(found).toEqual([]);
  },
);

test("a change in the middle of a native rollout: the pods of the rollout go once traffic is pinned to stable", {
  timeout: 60_000,
}, async () => {
  const found = await troubles([100, 1_200, 1_500, 2_400, 3_600], async (at) => {
    const cluster = await Cluster.of({ policy: quick(), routes: [aVirtualService()], replicas: 8 });
    cluster.users.webhookIsUp = false;
    cluster.users.setImage(third);
    await cluster.run(at);
    cluster.users.webhookIsUp = true;
    cluster.users.setImage(canaryImage);
    await cluster.run(8_000);
    const beside =
      (cluster.running()[stableImage] ?? 0) > 0 && (cluster.running()[third] ?? 0) > 0 ? [`runs ${JSON.stringify(cluster.running())}`] : [];
    await cluster.runToEnd();
    return [...beside, ...check(cluster, { pods: { [canaryImage]: 8 } })];
  });
  expect(found).toEqual([]);
});
