import { describe, expect, test } from "vitest";
import { resources } from "../../../src/kube/resources.ts";
import { canaryImage, deploymentName, namespace, stableImage, template } from "../../build/story.ts";
import { aVirtualService } from "../../build/virtualService.ts";
import type { Cluster } from "../../fakes/cluster.ts";
import { everySecond, tell, troubles } from "../../scenes/tell.ts";

// What a plan stands on is pulled away in the middle.

const moments = everySecond.filter((_, index) => index % 3 === 1);

/** Nothing of a plan may be left in the mesh: a route to a subset that is gone loses its share of the requests for good. */
function leftInTheMesh(cluster: Cluster): string[] {
  const route = JSON.stringify(cluster.route()?.spec);
  const wanted = JSON.stringify(aVirtualService().spec);
  return [
    ...(route === wanted ? [] : [`the route is ${route}`]),
    ...cluster.server.list(resources.destinationrules).map(({ metadata }) => `DestinationRule ${metadata.name} is left`),
  ];
}

describe("the Service", () => {
  test("that is deleted and never comes back: the plan ends, and the routes are as they were", { timeout: 120_000 }, async () => {
    const found = await troubles(moments, async (at) => {
      const cluster = await tell({ podsDie: true }, at);
      cluster.server.remove(resources.services, deploymentName, namespace);
      await cluster.run(60_000);
      const { plan } = cluster;
      if (plan && !["Promoted", "RolledBack"].includes(plan.status?.phase ?? "")) cluster.users.control(plan, { abort: {} });
      await cluster.runToEnd();
      return leftInTheMesh(cluster);
    });
    expect(found).toEqual([]);
  });

  test("that is made anew after some seconds: the plan goes on where it was", { timeout: 120_000 }, async () => {
    const found = await troubles(moments, async (at) => {
      const cluster = await tell({ podsDie: true }, at);
      const service = cluster.server.get(resources.services, deploymentName, namespace) as { metadata: object };
      const { resourceVersion: _, uid: __, ...metadata } = service.metadata as Record<string, unknown>;
      cluster.server.remove(resources.services, deploymentName, namespace);
      await cluster.run(3_000);
      cluster.server.create(resources.services, { ...service, metadata });
      await cluster.runToEnd();
      const images = JSON.stringify(cluster.running());
      return [
        ...leftInTheMesh(cluster),
        ...(images === JSON.stringify({ [canaryImage]: 4 }) ? [] : [`runs ${images}: ${cluster.describe()}`]),
      ];
    });
    expect(found).toEqual([]);
  });
});
describe("objects of Istio", () => {
  const made = (cluster: Cluster) => JSON.stringify(cluster.running()) === JSON.stringify({ [canaryImage]: 4 });
  const ended = (cluster: Cluster): string[] => [
    ...leftInTheMesh(cluster),
    ...(made(cluster) ? [] : [`ended otherwise: ${cluster.describe()}`]),
  ];

  test("the route is replaced by force: the plan puts the split back and goes on", { timeout: 120_000 }, async () => {
    const found = await troubles(moments, async (at) => {
      const cluster = await tell({ podsDie: true }, at);
      cluster.server.remove(resources.virtualservices, deploymentName, namespace);
      await cluster.run(700);
      cluster.server.create(resources.virtualservices, aVirtualService(), { manager: "argocd" });
      await cluster.runToEnd();
      return ended(cluster);
    });
    expect(found).toEqual([]);
  });

  test("the route goes for good: the plan ends, and leaves nothing of its own", { timeout: 120_000 }, async () => {
    const found = await troubles(moments, async (at) => {
      const cluster = await tell({ podsDie: true }, at);
      cluster.server.remove(resources.virtualservices, deploymentName, namespace);
      await cluster.runToEnd();
      const left = [resources.virtualservices, resources.destinationrules].flatMap((kind) => cluster.server.list(kind));
      return [...left.map((object) => `left: ${JSON.stringify(object)}`), ...(made(cluster) ? [] : [cluster.describe()])];
    });
    expect(found).toEqual([]);
  });

  test("our own rule is deleted: it is made again", { timeout: 120_000 }, async () => {
    const found = await troubles(moments, async (at) => {
      const cluster = await tell({ podsDie: true }, at);
      const [rule] = cluster.server.list(resources.destinationrules);
      if (rule) cluster.server.remove(resources.destinationrules, rule.metadata.name ?? "", namespace);
      await cluster.runToEnd();
      return ended(cluster);
    });
    expect(found).toEqual([]);
  });
});

test("a Deployment that is deleted and made anew under its name: the old plan ends, and the next change has a plan of its own", {
  timeout: 120_000,
}, async () => {
  const found = await troubles(moments, async (at) => {
    const cluster = await tell({ podsDie: true }, at);
    const before = cluster.deployment;
    if (!before) return ["there was no Deployment"];
    cluster.users.remove(resources.deployments, deploymentName);
    await cluster.run(500);
    const { status: _, metadata, ...rest } = structuredClone(before);
    const {
      uid: __,
      resourceVersion: ___,
      generation: ____,
      deletionTimestamp: _____,
      annotations: ______,
      managedFields: _______,
      ...kept
    } = metadata;
    const spec = { ...rest.spec, paused: false, template: template(stableImage) };
    cluster.server.create(resources.deployments, { ...rest, spec, metadata: kept }, { manager: "helm" });
    await cluster.runToEnd();
    const after = leftInTheMesh(cluster);
    await cluster.run(5_000);
    cluster.users.setImage("nginx:1.25.0");
    await cluster.runToEnd();
    const images = JSON.stringify(cluster.running());
    return [
      ...after,
      ...leftInTheMesh(cluster),
      ...(images === JSON.stringify({ "nginx:1.25.0": 4 }) ? [] : [`runs ${images}: ${cluster.describe()}`]),
    ];
  });
  expect(found).toEqual([]);
});
