import { expect, test } from "vitest";
import { canaryImage, stableImage } from "../../build/story.ts";
import { aVirtualService } from "../../build/virtualService.ts";
import { Cluster, imageOf } from "../../fakes/cluster.ts";
import { asInTheArticle, watchful } from "../../scenes/article.ts";
import { check, tell } from "../../scenes/tell.ts";

test("a good release goes 0, 30, 60, 100, the pods that were analysed go on serving, and the route is as it was", async () => {
  const cluster = await Cluster.of({ policy: watchful(), routes: [aVirtualService()] });
  const original = cluster.route();
  const began = cluster.clock.now();
  cluster.users.setImage(canaryImage);
  await cluster.run(60_000);
  const analysed = cluster.podsOf(canaryImage).map(({ metadata }) => metadata.name);
  await cluster.runToEnd();
  expect(cluster.findings()).toEqual([]);
  expect(cluster.plan?.status?.phase).toBe("Promoted");
  expect(cluster.mesh.weightsSeen.map(({ weight }) => weight)).toEqual([0, 30, 60, 100]);
  expect(cluster.route()?.spec).toEqual(original?.spec);
  expect(cluster.running()).toEqual({ [canaryImage]: 4 });
  expect(cluster.podsOf(canaryImage).map(({ metadata }) => metadata.name)).toEqual(expect.arrayContaining(analysed));
  expect(imageOf(cluster.deployment)).toBe(canaryImage);
  expect(cluster.deployment?.spec?.paused).toBeUndefined();
  // 70 s of pauses, nine settle times, and the starts of pods.
  expect((cluster.clock.now() - began) / 1_000).toBeLessThan(90);
});

test("the article's own policy promotes a good release, too", async () => {
  const cluster = await Cluster.of({ policy: asInTheArticle(), routes: [aVirtualService()] });
  cluster.users.setImage(canaryImage);
  await cluster.runToEnd();
  expect(cluster.findings()).toEqual([]);
  expect(cluster.plan?.status?.phase).toBe("Promoted");
  expect(cluster.mesh.weightsSeen.map(({ weight }) => weight)).toEqual([0, 30, 60, 100]);
});

test("a route with a third party keeps that party's share all along", async () => {
  const shared = aVirtualService(({ spec }) => {
    spec.http = [
      {
        route: [
          { destination: { host: "nginx" }, weight: 70 },
          { destination: { host: "other" }, weight: 30 },
        ],
      },
    ];
  });
  const cluster = await Cluster.of({ policy: watchful(), routes: [shared] });
  const shares = new Set<number>();
  cluster.server.onChange(({ resource, object }) => {
    const route = (object as unknown as typeof shared).spec?.http?.[0]?.route ?? [];
    if (resource.plural !== "virtualservices" || object.metadata.name !== "nginx") return;
    const total = route.reduce((sum, { weight = 0 }) => sum + weight, 0);
    shares.add((route.find(({ destination }) => destination.host === "other")?.weight ?? 0) / total);
  });
  cluster.users.setImage(canaryImage);
  await cluster.runToEnd();
  expect([...shares]).toEqual([0.3]);
  expect(cluster.route()?.spec).toEqual(shared.spec);
  expect(cluster.findings()).toEqual([]);
});

test.each(["", "-errors50"])("where requests can't be counted the settle time alone keeps every request (%s)", async (quality) => {
  const cluster = await tell({ uncounted: true, meshLagMs: 490 }, 0, `${canaryImage}${quality}`);
  await cluster.runToEnd();
  const good = quality === "";
  expect(check(cluster, { phases: [good ? "Promoted" : "RolledBack"], pods: { [good ? canaryImage : stableImage]: 4 } })).toEqual([]);
});
