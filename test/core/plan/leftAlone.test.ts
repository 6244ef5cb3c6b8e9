import { expect, test } from "vitest";
import { finalizers } from "../../../src/api/names.ts";
import type { CanaryPlan } from "../../../src/api/plan.ts";
import { resources } from "../../../src/kube/resources.ts";
import { aPlan, withoutStatus } from "../../build/plan.ts";
import { deploymentName, stableImage } from "../../build/story.ts";
import { aVirtualService } from "../../build/virtualService.ts";
import { Cluster } from "../../fakes/cluster.ts";
import { watchful } from "../../scenes/article.ts";

/** What the worker has just made of a change that came without a canary: its words follow with the status. */
const bypass = (): CanaryPlan => aPlan(withoutStatus(), ({ spec }) => void delete spec.request);

test("a record of a bypass moves nothing, also while its status is not written yet", async () => {
  const cluster = await Cluster.of({ policy: watchful(), routes: [aVirtualService()] });
  const { deployment } = cluster;
  const { status: _, ...plan } = bypass();
  cluster.server.create(resources.canaryplans, {
    ...plan,
    spec: { ...plan.spec, deployment: { name: deploymentName, uid: deployment?.metadata.uid ?? "" } },
  });
  await cluster.run(5_000);
  expect(cluster.plan?.status).toBeUndefined();
  expect(cluster.deployment?.spec?.paused).toBeUndefined();
  expect(cluster.deployment?.metadata.resourceVersion).toBe(deployment?.metadata.resourceVersion);
  await cluster.run(10_000);
  expect(cluster.plan?.status).toMatchObject({ phase: "Bypassed", message: "the change reached the cluster without a canary" });
  expect(cluster.running()).toEqual({ [stableImage]: 4 });
  expect(cluster.findings()).toEqual([]);
});

test("a Deployment that is deleted while it is Held: its stable ReplicaSet is no longer kept", async () => {
  const cluster = await Cluster.of({ policy: watchful({ onFailure: "Hold" }), routes: [aVirtualService()], podsDie: true });
  cluster.users.setImage("nginx:1.24.0-errors50");
  await cluster.runToEnd();
  expect(cluster.replicaSets.map(({ metadata }) => metadata.finalizers)).toEqual([[finalizers.stable]]);
  cluster.users.remove(resources.deployments, deploymentName);
  await cluster.run(3_000);
  expect(cluster.replicaSets).toEqual([]);
  expect(cluster.running()).toEqual({});
});
