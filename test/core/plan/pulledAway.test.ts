import { describe, expect, test } from "vitest";
import { resources } from "../../../src/kube/resources.ts";
import { canaryImage, deploymentName, namespace, stableImage } from "../../build/story.ts";
import { aVirtualService } from "../../build/virtualService.ts";
import type { Cluster } from "../../fakes/cluster.ts";
import { everySecond, tell, troubles } from "../../scenes/tell.ts";

// What a plan stands on is pulled away in the middle.

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
  test("that is deleted and never comes back: the plan ends, and the routes are as they were", { timeout: 60_000 }, async () => {
    const found = await troubles(everySecond, async (at) => {
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

  test("that is made anew after some seconds: the plan goes on where it was", { timeout: 60_000 }, async () => {
    const found = await troubles(everySecond, async (at) => {
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
void stableImage;
