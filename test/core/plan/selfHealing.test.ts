import { expect, test } from "vitest";
import type { Admission } from "../../../src/core/admission/admission.ts";
import { canaryImage, stableImage } from "../../build/story.ts";
import { aVirtualService } from "../../build/virtualService.ts";
import { Cluster, imageOf } from "../../fakes/cluster.ts";
import { quick, watchful } from "../../scenes/article.ts";

const bad = `${canaryImage}-errors50`;

interface Tool {
  name: string;
  /** Writes the manifest of Git; whatever differs is put right. */
  apply(cluster: Cluster): void;
}

/** Server-side apply owns the image alone; a replace drops what the manifest doesn't say, our hold among it. */
const tools: Tool[] = [
  { name: "applies", apply: ({ users }) => users.setImage(bad) },
  {
    name: "replaces",
    apply: ({ users }) =>
      users.editDeployment((draft) => {
        const container = draft.spec?.template.spec?.containers[0];
        if (container) container.image = bad;
        delete draft.spec?.paused;
        delete draft.metadata.annotations;
      }, "argocd-controller"),
  },
];

/** A release that fails and is reverted; then the tool puts its manifest back every second, thirty times. */
async function healed(tool: Tool, policy: Parameters<typeof quick>[0]): Promise<{ cluster: Cluster; answers: Admission[] }> {
  const cluster = await Cluster.of({ policy: quick(policy), routes: [aVirtualService()] });
  cluster.users.setImage(bad);
  await cluster.runToEnd();
  expect(imageOf(cluster.deployment)).toBe(stableImage);
  const answers: Admission[] = [];
  for (let i = 0; i < 30; i++) {
    tool.apply(cluster);
    if (cluster.users.lastAnswer) answers.push(cluster.users.lastAnswer);
    await cluster.run(1_000);
  }
  return { cluster, answers };
}

for (const tool of tools) {
  test(`onRepeat Hold: a GitOps tool that ${tool.name} gets one further plan, Held, no second canary and no refusal`, async () => {
    const { cluster, answers } = await healed(tool, {});
    expect(answers.filter(({ allowed }) => !allowed)).toEqual([]);
    expect(answers[0]?.reason).toBe("Repeated");
    expect(answers[0]?.warnings.at(-1)).toBe("serin: try it again: kubectl serin retry deploy/nginx -n shop");
    expect(cluster.plans.map(({ status }) => status?.phase)).toEqual(["RolledBack", "Held"]);
    expect(cluster.mesh.weightsSeen.filter(({ weight }) => weight === 30)).toHaveLength(1);
    expect(cluster.running()).toEqual({ [stableImage]: 4 });
    expect(imageOf(cluster.deployment)).toBe(bad);
    expect(cluster.deployment?.spec?.paused).toBe(true);
    expect(cluster.findings()).toEqual([]);
  });
}

test("onRepeat Deny: every sync is refused with the failed plan and its reason, and nothing moves", async () => {
  const { cluster, answers } = await healed(tools[0] as Tool, { onRepeat: "Deny" });
  const [plan] = cluster.plans;
  expect(answers).toHaveLength(30);
  expect([...new Set(answers.map(({ allowed, message }) => `${allowed} ${message}`))]).toEqual([
    `false serin: this template failed in plan ${plan?.metadata.name}: ${plan?.status?.message}. Policy default says onRepeat: Deny. Change the template, or ask its owner.`,
  ]);
  expect(plan?.status?.message).toContain("success-rate");
  expect(cluster.plans).toHaveLength(1);
  expect(cluster.running()).toEqual({ [stableImage]: 4 });
  expect(cluster.findings()).toEqual([]);
});

test("onRepeat Retry: each sync that finds a drift is a canary of its own, and only after the one before has ended", async () => {
  const { cluster, answers } = await healed(tools[0] as Tool, { onRepeat: "Retry" });
  await cluster.runToEnd();
  expect(answers.filter(({ allowed }) => !allowed)).toEqual([]);
  expect(cluster.plans.length).toBeGreaterThan(2);
  expect(cluster.plans.length).toBe(answers.filter(({ reason }) => reason === "ImageChanged").length + 1);
  expect(new Set(cluster.plans.map(({ status }) => status?.phase))).toEqual(new Set(["RolledBack"]));
  const ends = cluster.plans.map(({ status }) => Date.parse(status?.finishedAt ?? ""));
  const starts = cluster.plans.map(({ status }) => Date.parse(status?.startedAt ?? ""));
  expect(starts.slice(1).filter((start, i) => start < (ends[i] ?? Number.POSITIVE_INFINITY))).toEqual([]);
  expect(cluster.findings()).toEqual([]);
});

test("a held repeat is let go by another template, which is a canary, and by the stable one, which is none", async () => {
  const { cluster } = await healed(tools[0] as Tool, {});
  cluster.users.setImage(canaryImage);
  await cluster.runToEnd();
  expect(cluster.plans.map(({ status }) => status?.phase)).toEqual(["RolledBack", "Held", "Promoted"]);
  expect(cluster.findings()).toEqual([]);
});

test("a promoted repeat is no repeat any more: what was retried and passed is asked for again like any other", async () => {
  const cluster = await Cluster.of({ policy: watchful({ revertAfter: "1s" }), routes: [aVirtualService()] });
  cluster.users.setImage(canaryImage);
  await cluster.run(5_000);
  if (cluster.plan) cluster.users.control(cluster.plan, { abort: {} });
  await cluster.runToEnd();
  cluster.users.setImage(canaryImage);
  await cluster.runToEnd();
  if (cluster.plan) cluster.users.control(cluster.plan, { retry: {} });
  await cluster.run(1_000);
  await cluster.runToEnd();
  expect(cluster.plans.map(({ status }) => status?.phase)).toEqual(["RolledBack", "Held", "Promoted"]);
  cluster.users.setImage(stableImage);
  await cluster.runToEnd();
  cluster.users.setImage(canaryImage);
  expect(cluster.users.lastAnswer?.reason).toBe("ImageChanged");
  await cluster.runToEnd();
  expect(cluster.plans.map(({ status }) => status?.phase)).toEqual(["RolledBack", "Held", "Promoted", "Promoted", "Promoted"]);
  expect(cluster.findings()).toEqual([]);
});
