import { expect, test } from "vitest";
import { resources } from "../../../src/kube/resources.ts";
import { canaryImage, stableImage } from "../../build/story.ts";
import { aVirtualService, withVirtualServiceSpec } from "../../build/virtualService.ts";
import { quick, quickSteps } from "../../scenes/article.ts";
import { check, everySecond, tell, troubles } from "../../scenes/tell.ts";

const unjudged = { steps: quickSteps, traffic: { settle: "500ms" } };
const weights = (cluster: { mesh: { weightsSeen: Array<{ weight: number }> } }) => cluster.mesh.weightsSeen.map(({ weight }) => weight);

test("without a Service the canary's share is its share of the pods", async () => {
  const cluster = await tell({ replicas: 10, withoutService: true, routes: [], policy: unjudged });
  const shares = new Set<number>();
  cluster.server.onChange(() => shares.add(cluster.running()[canaryImage] ?? 0));
  await cluster.runToEnd();
  expect(cluster.findings()).toEqual([]);
  expect(cluster.plan?.status?.phase).toBe("Promoted");
  expect(cluster.running()).toEqual({ [canaryImage]: 10 });
  expect([...shares]).toEqual(expect.arrayContaining([3, 6, 10]));
});

test("without a VirtualService, Mesh makes one for the time of the plan", async () => {
  const cluster = await tell({ routes: [] });
  await cluster.run(5_000);
  expect(cluster.route("nginx-serin")?.spec.hosts).toEqual(["nginx.shop.svc.cluster.local"]);
  await cluster.runToEnd();
  expect(cluster.findings()).toEqual([]);
  expect(weights(cluster)).toEqual([0, 30, 60, 100]);
  expect(cluster.route("nginx-serin")).toBeUndefined();
  expect(cluster.running()).toEqual({ [canaryImage]: 4 });
});

test("objects of ours for a Service whose name leaves no room for theirs are found again and removed", async () => {
  const cluster = await tell({ routes: [], serviceName: "a-service-with-a-name-of-sixty-three-characters-as-long-as-can-be".slice(0, 63) });
  await cluster.runToEnd();
  expect(cluster.findings()).toEqual([]);
  expect(cluster.plan?.status?.phase).toBe("Promoted");
  expect(cluster.server.list(resources.virtualservices)).toEqual([]);
});

test("without a VirtualService, Replicas splits by the number of pods and writes no route", async () => {
  const cluster = await tell({ replicas: 10, routes: [], policy: { ...unjudged, traffic: { settle: "500ms", withoutRoute: "Replicas" } } });
  await cluster.runToEnd();
  expect(cluster.findings()).toEqual([]);
  expect(cluster.plan?.status?.phase).toBe("Promoted");
  expect(weights(cluster)).toEqual([]);
  expect(cluster.running()).toEqual({ [canaryImage]: 10 });
});

test("without a VirtualService, Deny holds the change and says why", async () => {
  const cluster = await tell({ routes: [], policy: { ...unjudged, traffic: { withoutRoute: "Deny" } } });
  await cluster.runToEnd();
  expect(cluster.findings()).toEqual([]);
  expect(cluster.plan?.status?.phase).toBe("Held");
  expect(cluster.plan?.status?.message).toContain("nothing routes to this Deployment");
  expect(cluster.running()).toEqual({ [stableImage]: 4 });
});

test("without Istio the split is by the number of pods", async () => {
  const cluster = await tell({ replicas: 10, withoutIstio: true, routes: [], policy: unjudged });
  await cluster.runToEnd();
  expect(cluster.findings()).toEqual([]);
  expect(cluster.running()).toEqual({ [canaryImage]: 10 });
});

const late: Array<[string, ReturnType<typeof aVirtualService>]> = [
  ["for a gateway", aVirtualService()],
  ["for the mesh", aVirtualService(withVirtualServiceSpec({ hosts: ["nginx"], gateways: ["mesh"] }))],
];

test.each(late)(
  "a VirtualService %s that appears at any second takes part, and is left as it came",
  { timeout: 60_000 },
  async (_, route) => {
    const found = await troubles(everySecond, async (at) => {
      const cluster = await tell({ routes: [] }, at);
      cluster.server.create(resources.virtualservices, route, { manager: "argocd" });
      await cluster.runToEnd();
      const same =
        JSON.stringify(cluster.route()?.spec) === JSON.stringify(route.spec) ? [] : [`left ${JSON.stringify(cluster.route()?.spec)}`];
      return [...check(cluster, { phases: ["Promoted"], pods: { [canaryImage]: 4 } }), ...same];
    });
    expect(found).toEqual([]);
  },
);

test("a manifest applied from Git every 2 s keeps the split in the very same write", async () => {
  const cluster = await tell();
  const plain = cluster.route();
  for (let i = 0; i < 30 && plain; i += 1) {
    cluster.users.applyRoute("nginx", plain.spec);
    await cluster.run(2_000);
  }
  await cluster.runToEnd();
  expect(cluster.findings()).toEqual([]);
  expect(weights(cluster)).toEqual([0, 30, 60, 100]);
  expect(cluster.plan?.status?.phase).toBe("Promoted");
  expect(cluster.route()?.spec).toEqual(plain?.spec);
});

test("a split dropped past the webhook is put back once", async () => {
  const cluster = await tell({}, 5_000);
  cluster.users.webhookIsUp = false;
  cluster.users.applyRoute("nginx", aVirtualService().spec);
  await cluster.runToEnd();
  expect(cluster.findings()).toEqual([]);
  expect(cluster.plan?.status?.phase).toBe("Promoted");
  expect(cluster.plan?.status?.journal?.filter(({ reason }) => reason === "RoutesRepaired")).toHaveLength(1);
  expect(cluster.route()?.spec).toEqual(aVirtualService().spec);
});

test("whoever drops the split every 2 s past the webhook gets it back at most every 10 s, and then a Conflict with the traffic on stable", async () => {
  const cluster = await tell({ policy: quick({ steps: [{ setWeight: 30 }, { pause: { duration: "120s" } }] }) }, 5_000);
  cluster.users.webhookIsUp = false;
  for (let i = 0; i < 60; i += 1) {
    cluster.users.applyRoute("nginx", aVirtualService().spec);
    await cluster.run(2_000);
  }
  await cluster.runToEnd();
  expect(cluster.plan?.status?.journal?.map(({ reason }) => reason)).toContain("Conflict");
  expect(cluster.plan?.status?.conditions).toContainEqual(expect.objectContaining({ type: "Conflict", status: "True" }));
  expect(cluster.plan?.status?.phase).toBe("RolledBack");
  expect(cluster.running()).toEqual({ [stableImage]: 4 });
  expect(cluster.route()?.spec).toEqual(aVirtualService().spec);
  expect(cluster.findings()).toEqual([]);
});
