import { expect, test } from "vitest";
import { resources } from "../../../src/kube/resources.ts";
import { canaryImage, namespace } from "../../build/story.ts";
import { aVirtualService } from "../../build/virtualService.ts";
import { quick, successMetric } from "../../scenes/article.ts";
import { check, tell } from "../../scenes/tell.ts";

// What Kubernetes allows and a plan has no room for: a status that the API server refuses would hold the Deployment for ever.

const promoted = { phases: ["Promoted"], pods: { [canaryImage]: 4 } };

test("a route with a name of 253 characters", async () => {
  const route = aVirtualService();
  const cluster = await tell({ routes: [{ ...route, metadata: { ...route.metadata, name: `r${"-long".repeat(50)}er` } }] });
  await cluster.runToEnd();
  expect(check(cluster, promoted)).toEqual([]);
});

test("forty Services, and seventy routes to them", async () => {
  const routes = Array.from({ length: 70 }, (_, i) => {
    const route = aVirtualService();
    return { ...route, metadata: { ...route.metadata, name: `route-${i}` }, spec: { ...route.spec, hosts: [`${i}.example.com`] } };
  });
  const cluster = await tell({ routes });
  const service = cluster.server.list(resources.services)[0];
  for (let i = 0; i < 40; i++) cluster.server.create(resources.services, { ...service, metadata: { name: `nginx-${i}`, namespace } });
  await cluster.runToEnd();
  expect(check(cluster, promoted)).toEqual([]);
  for (const route of cluster.server.list<(typeof routes)[number]>(resources.virtualservices))
    expect(route.spec).toEqual({ ...aVirtualService().spec, hosts: route.spec.hosts });
});

test("a template of eighty containers, and an image of two thousand characters", async () => {
  const cluster = await tell({}, 0, `registry.example/${"a".repeat(2_000)}:1`);
  await cluster.run(2_000);
  expect(cluster.plans).toHaveLength(1);
  expect(cluster.plan?.spec.canary.images[0]).toHaveLength(1_024);
  await cluster.runToEnd();
  expect(check(cluster, { phases: ["Promoted"] })).toEqual([]);
});

test("seventy metrics, ten in each of seven steps", async () => {
  const inline = (step: number) => ({
    analysis: { metrics: Array.from({ length: 10 }, (_, i) => successMetric({ name: `m${step}-${i}`, count: 1 })) },
  });
  const steps = [{ setWeight: 30 }, ...Array.from({ length: 7 }, (_, i) => inline(i))];
  const cluster = await tell({ policy: { ...quick({ steps }), analysis: undefined } });
  await cluster.runToEnd();
  expect(check(cluster, promoted)).toEqual([]);
  expect(cluster.plan?.status?.metrics?.length).toBeLessThanOrEqual(64);
});
