import { expect, test } from "vitest";
import { type CanaryPlan, terminalPhases } from "../../../src/api/plan.ts";
import type { CanaryPolicy } from "../../../src/api/policy.ts";
import { resources } from "../../../src/kube/resources.ts";
import { parseAuditKeys } from "../../../src/tls/auditKeys.ts";
import { canaryImage, stableImage } from "../../build/story.ts";
import type { Cluster } from "../../fakes/cluster.ts";
import { auditKeys } from "../../fakes/workerProcess.ts";
import { quick } from "../../scenes/article.ts";
import { quickLasts, tell } from "../../scenes/tell.ts";

const seals = ({ plans }: Cluster) => plans.map(({ status }) => [status?.phase, status?.seal?.number]);
const bad = `${canaryImage}-errors50`;

test("each finished plan is sealed in the write that ends it, and linked to the one before", async () => {
  const cluster = await tell({ policy: quick({ onFailure: "Hold" }) });
  const endings: string[] = [];
  cluster.server.onChange(({ resource, object }) => {
    const { metadata, status } = object as unknown as CanaryPlan;
    if (resource.plural === "canaryplans" && status && terminalPhases.has(status.phase) && !status.seal) endings.push(metadata.name);
  });
  await cluster.runToEnd();
  cluster.users.setImage(bad);
  await cluster.runToEnd();
  cluster.users.setImage(canaryImage);
  await cluster.run(3_000);
  cluster.users.webhookIsUp = false;
  cluster.users.setImage("nginx:1.26.0");
  await cluster.run(3_000);
  expect(seals(cluster)).toEqual([
    ["Promoted", 1],
    ["Held", 2],
    ["Bypassed", 3],
  ]);
  expect(cluster.heads?.head).toMatchObject({ number: 3, plan: { name: cluster.plan?.metadata.name } });
  expect(endings).toEqual([]);
  expect(cluster.findings()).toEqual([]);
});

test("a fall between the heads and the plan costs a number, and the record says which", async () => {
  const cluster = await tell();
  const stop = cluster.server.onChange(({ resource }) => {
    if (resource.plural !== "configmaps") return;
    stop();
    cluster.crash();
  });
  await cluster.runToEnd();
  expect(cluster.crashes).toBe(1);
  expect(seals(cluster)).toEqual([["Promoted", 2]]);
  expect(cluster.heads).toMatchObject({ voided: "1", head: { number: 2 } });
  expect(cluster.findings()).toEqual([]);
});

test("without a key plans end all the same, and are sealed when it is there; after a fall they stay unsealed", async () => {
  const cluster = await tell();
  cluster.sealsWith = parseAuditKeys(undefined);
  await cluster.runToEnd();
  expect(seals(cluster)).toEqual([["Promoted", undefined]]);
  cluster.sealsWith = auditKeys;
  await cluster.run(40_000);
  expect(seals(cluster)).toEqual([["Promoted", 1]]);
  expect(cluster.verify(cluster.plans).findings).toEqual([]);

  cluster.sealsWith = parseAuditKeys(undefined);
  cluster.users.setImage(bad);
  await cluster.runToEnd();
  cluster.crash();
  cluster.sealsWith = auditKeys;
  await cluster.run(60_000);
  expect(seals(cluster).at(-1)).toEqual(["RolledBack", undefined]);
  expect(cluster.verify(cluster.plans).findings).toMatchObject([{ code: "Unsealed" }]);
});

test("a seal that somebody takes off a finished plan is not made anew, and neither is a change of its record", async () => {
  const cluster = await tell();
  await cluster.runToEnd();
  const [plan] = cluster.plans;
  if (!plan?.status) throw new Error("no plan");
  const { seal: _, ...status } = plan.status;
  const by = { manager: "kubectl", subresource: "status" };
  cluster.server.update(
    resources.canaryplans,
    plan.metadata.name,
    plan.metadata.namespace,
    (draft) => Object.assign(draft, { status }),
    by,
  );
  cluster.crash();
  await cluster.run(60_000);
  expect(seals(cluster)).toEqual([["Promoted", undefined]]);
  expect(cluster.verify(cluster.plans).findings.map(({ code }) => code)).toEqual(["Unsealed", "NewestCut"]);
});

test("heads that are gone, broken or set back: the chain goes on, and whoever verifies is told", async () => {
  const cluster = await tell();
  await cluster.runToEnd();
  const change = (heads: string | undefined) => {
    if (heads === undefined) cluster.server.remove(resources.configmaps, "serin-audit-heads", "serin-system");
    else
      cluster.server.update(resources.configmaps, "serin-audit-heads", "serin-system", (draft) =>
        Object.assign(draft, { data: { heads } }),
      );
  };
  const early = JSON.stringify(cluster.heads);
  const forged = early.replace('"number":1', '"number":99');
  const images = ["nginx:1.25.0", "nginx:1.26.0", "nginx:1.27.0", "nginx:1.28.0"];
  for (const [index, heads] of [undefined, "{}", forged, early].entries()) {
    change(heads);
    cluster.users.setImage(images[index] ?? "");
    await cluster.runToEnd();
  }
  expect(seals(cluster).map(([, number]) => number)).toEqual([1, 2, 3, 4, 5]);
  const { findings } = cluster.verify(cluster.plans);
  // The heads that were set back knew nothing of what had been lost before.
  expect(findings.map(({ code, seal }) => [code, seal])).toEqual([["HeadsLost", 4]]);
});

test("plans beyond their policy's history go, the record says so, and the chain is whole", async () => {
  const cluster = await tell({ policy: quick({ history: { keep: 2, for: "90d" }, rollbackWindow: { revisions: 0 } }) });
  await cluster.runToEnd();
  for (const image of [stableImage, canaryImage, stableImage]) {
    cluster.users.setImage(image);
    await cluster.runToEnd();
  }
  expect(seals(cluster)).toEqual([
    ["Promoted", 3],
    ["Promoted", 4],
  ]);
  expect(cluster.heads).toMatchObject({ pruned: "1-2", head: { number: 4 } });
  expect(cluster.verify(cluster.plans).findings).toEqual([]);
  expect(cluster.findings()).toEqual([]);
});

test("a shorter history prunes at once, not with the Deployment's next change", async () => {
  const cluster = await tell({ policy: quick({ history: { keep: 20, for: "90d" }, rollbackWindow: { revisions: 0 } }) });
  await cluster.runToEnd();
  cluster.users.setImage(stableImage);
  await cluster.runToEnd();
  await cluster.run(60_000);
  expect(seals(cluster).map(([, number]) => number)).toEqual([1, 2]);
  const [policy] = cluster.server.list<CanaryPolicy>(resources.canarypolicies);
  cluster.server.update<CanaryPolicy>(resources.canarypolicies, policy?.metadata.name ?? "", undefined, ({ spec }) => {
    spec.history.keep = 1;
  });
  await cluster.run(1_000);
  expect(seals(cluster)).toEqual([["Promoted", 2]]);
  expect(cluster.heads).toMatchObject({ pruned: "1" });
  expect(cluster.findings()).toEqual([]);
});

test("whoever deletes a plan to cancel it leaves a trace; whoever deletes a finished one is found", async () => {
  const cluster = await tell({}, quickLasts / 4);
  cluster.users.remove(resources.canaryplans, cluster.plan?.metadata.name ?? "");
  await cluster.runToEnd();
  expect(cluster.plans).toEqual([]);
  expect(cluster.heads).toMatchObject({ deleted: "1", head: { number: 1 } });
  expect(cluster.verify([]).findings).toEqual([]);

  cluster.users.setImage("nginx:1.25.0");
  await cluster.runToEnd();
  cluster.users.remove(resources.canaryplans, cluster.plan?.metadata.name ?? "");
  await cluster.run(1_000);
  expect(cluster.verify(cluster.plans).findings).toMatchObject([{ code: "NewestCut", seal: 2 }]);
});
