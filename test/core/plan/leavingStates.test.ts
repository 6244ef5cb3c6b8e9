import { describe, expect, test } from "vitest";
import { resources } from "../../../src/kube/resources.ts";
import type { PolicyInput } from "../../build/policy.ts";
import { canaryImage, deploymentName, namespace, stableImage } from "../../build/story.ts";
import { aVirtualService } from "../../build/virtualService.ts";
import { Cluster } from "../../fakes/cluster.ts";
import { quick, watchful } from "../../scenes/article.ts";
import { check, tell, troubles } from "../../scenes/tell.ts";
import { deleteAll, deleteNamespace, finalizersLeft, installed, left, ourMarks } from "../../scenes/uninstalling.ts";

/* Serin is uninstalled while a plan is anything but going well. */

const bad = `${canaryImage}-errors50`;
const gate = [{ setWeight: 30 }, { pause: {} }];

const ways = [
  ["its namespace", deleteNamespace],
  ["everything at once", deleteAll],
] as const;

describe.each(ways)("uninstalled by %s", (_what, uninstall) => {
  test("at a gate that waits for a person: back to stable", async () => {
    const cluster = await tell({ policy: quick({ steps: gate }) }, 20_000);
    installed(cluster);
    expect(cluster.plan?.status).toMatchObject({ phase: "Paused", reason: "PausedForApproval" });
    await leave(cluster, uninstall);
    expect(left(cluster, stableImage)).toEqual([]);
    expect(cluster.findings()).toEqual([]);
  });

  test("held by a person in the middle of it: nobody waits for the person", async () => {
    const cluster = await tell({}, 5_000);
    installed(cluster);
    if (cluster.plan) cluster.users.control(cluster.plan, { hold: {} });
    await cluster.run(4_000);
    expect(cluster.plan?.status).toMatchObject({ phase: "Paused", reason: "PausedByUser" });
    await leave(cluster, uninstall);
    expect(left(cluster, stableImage)).toEqual([]);
    expect(cluster.findings()).toEqual([]);
  });

  test.each(["Revert", "Hold"] as const)(
    "whenever in a bad release under onFailure %s: within 40 s stable serves, and nothing is left",
    async (onFailure) => {
      const seconds = Array.from({ length: 8 }, (_, i) => i * 5_500 + 337);
      const phases = new Set<unknown>();
      const found = await troubles(seconds, async (second) => {
        const cluster = await ofBadRelease({ onFailure, revertAfter: "30s" });
        await cluster.run(second);
        phases.add(cluster.plan?.status?.phase);
        await leave(cluster, uninstall);
        return [...left(cluster, stableImage), ...check(cluster, {})];
      });
      expect(found).toEqual([]);
      expect([...phases]).toEqual(expect.arrayContaining(["Progressing", "RollingBack"]));
    },
  );

  test("the Deployment is deleted while Serin leaves: no finalizer keeps what was its, and none keeps the rights", async () => {
    const moments = [0, 50, 300, 1_000, 2_000, 4_000];
    const found = await troubles(moments, async (moment) => {
      const cluster = await tell({}, 6_000);
      installed(cluster);
      uninstall(cluster);
      await cluster.run(moment);
      cluster.server.remove(resources.deployments, deploymentName, namespace);
      await cluster.run(40_000);
      return finalizersLeft(cluster).map((name) => `finalizer ${name}`);
    });
    expect(found).toEqual([]);
  });

  test("asked for again and again: the same end", async () => {
    const cluster = await tell({ policy: quick({ steps: gate }) }, 10_000);
    installed(cluster);
    uninstall(cluster);
    await cluster.run(1_000);
    uninstall(cluster);
    await cluster.run(30_000);
    expect(left(cluster, stableImage)).toEqual([]);
  });
});

test("installed again at once: the same change gets its canary now, and is promoted", async () => {
  const cluster = await tell({}, 6_000);
  installed(cluster);
  deleteNamespace(cluster);
  await cluster.run(15_000);
  expect(left(cluster, stableImage)).toEqual([]);
  cluster.worker?.kill();
  cluster.server.update(resources.namespaces, "serin-system", undefined, ({ metadata }: { metadata: { finalizers?: string[] } }) => {
    metadata.finalizers = [];
  });
  for (const kind of [resources.clusterroles, resources.clusterrolebindings]) cluster.server.remove(kind, "serin-worker");
  cluster.server.remove(resources.serviceaccounts, "serin-worker", "serin-system");
  installed(cluster);
  cluster.startWorker();
  await cluster.run(500);
  cluster.users.setImage(canaryImage);
  await cluster.runToEnd();
  expect(check(cluster, { phases: ["Cancelled", "Promoted"], pods: { [canaryImage]: 4 } })).toEqual([]);
  expect(ourMarks(cluster)).not.toEqual([]);
});

function ofBadRelease(policy: Partial<PolicyInput>): Promise<Cluster> {
  return Cluster.of({ policy: watchful(policy), routes: [aVirtualService()] }).then((cluster) => {
    installed(cluster);
    cluster.users.setImage(bad);
    return cluster;
  });
}

async function leave(cluster: Cluster, uninstall: (cluster: Cluster) => void): Promise<void> {
  uninstall(cluster);
  await cluster.run(40_000);
}
