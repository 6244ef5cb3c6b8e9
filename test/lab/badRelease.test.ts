import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import type { CanaryPlan } from "../../src/api/plan.ts";
import { whenDrained } from "./envoyWeight.ts";
import { BUCKET_MS, countsBetween, type LoadReport } from "./load/loadReport.ts";
import { checkInvariants, checkRoutesRestored } from "./recorder/invariants.ts";
import { type Story, steps, successRate, tell } from "./story.ts";
import { townPolicy } from "./storyTown.ts";
import { until } from "./until.ts";

const stable = "nginx:1.23.4";

describe("a release that fails half of its requests, under 100 requests a second", () => {
  let story: Story;
  beforeAll(async () => {
    story = await tell();
    const policy = {
      steps: steps([30, "20s"], [60, "6s"]),
      analysis: { metrics: [successRate({ interval: "2s" })] },
      traffic: { settle: "Auto" },
      revertAfter: "6s",
    };
    await story.lab.apply(stringify(townPolicy("plain", policy)));
    await story.lab.apply(stringify(townPolicy("hold", { ...policy, onFailure: "Hold" })));
    await story.shop({ replicas: 4 });
  });
  afterAll(() => story?.stop());

  it("loses all traffic within 3 s of the verdict, `kubectl rollout status` exits 1, and the stable template comes back", async () => {
    const image = "nginx:1.24.0-errors50";
    await story.record();
    await story.load(100);
    await story.setImage(image);
    const status = story.rolloutStatus();
    const { spec } = await story.plan(image);
    const drainedAt = await whenDrained(spec.canary.hash);
    const plan = await story.ends(image);

    expect(plan.status?.phase).toBe("RolledBack");
    expect(plan.status?.message).toMatch(/success-rate: failed \(1\) > failureLimit \(0\).*nginx:1\.23\.4 serves again/);
    expect(await status).toMatchObject({ code: 1, stderr: expect.stringContaining("exceeded its progress deadline") });
    const report = await story.stopLoad();
    judge(report, plan, drainedAt, "nginx/1.24.0-errors50");

    const deployment = await story.get<Stored>("deploy", "nginx");
    expect(await story.image()).toBe(stable);
    expect(deployment.spec.paused).toBeUndefined();
    expect(Object.keys(deployment.metadata.annotations ?? {}).filter((key) => key.startsWith("serin.dev/"))).toEqual([]);
    expect(deployment.metadata.managedFields.map(({ manager }) => manager).filter((manager) => /serin/.test(manager))).toEqual([]);
    expect((await story.pods()).every((pod) => pod.includes(spec.stable.hash))).toBe(true);
    expect((await story.rolloutStatus()).code).toBe(0);

    // The same image again: no second canary, and whoever waits for the rollout is told at once.
    await story.setImage(image);
    const again = await story.planWhen(image, "held at once", ({ status: now }) => now?.phase === "Held");
    expect(again.status?.message).toContain(`failed in plan ${plan.metadata.name}`);
    expect(again.status?.weight).toEqual({ desired: 0 });
    expect((await story.rolloutStatus()).code).toBe(1);
    await story.setImage(stable);
    await until("nobody holds it", async () => (await story.get<Stored>("deploy", "nginx")).spec.paused === undefined, 30);
    const events = await story.stopRecording();
    expect(checkInvariants(events)).toEqual([]);
    expect(checkRoutesRestored(events)).toEqual([]);
  });

  it("with onFailure Hold the wanted image stays, held, and the stable pods serve until somebody takes it back", async () => {
    const image = "hold/nginx:1.25.0-errors50";
    await story.record();
    await story.load(100);
    await story.setImage(image);
    const { spec } = await story.plan(image);
    const drainedAt = await whenDrained(spec.canary.hash);
    const plan = await story.ends(image);

    expect(plan.status?.phase).toBe("Held");
    expect(await story.rolloutStatus()).toMatchObject({ code: 1 });
    expect(await story.image()).toBe(image);
    expect((await story.get<Stored>("deploy", "nginx")).spec.paused).toBe(true);
    expect((await story.pods()).every((pod) => pod.includes(spec.stable.hash))).toBe(true);
    expect(await story.kubectl("get", "destinationrules", "-o", "name")).toBe("");

    // The next release starts from here, and `kubectl rollout status` waits for that one.
    await story.setImage("nginx:1.26.0");
    await story.plan("nginx:1.26.0");
    await until("the failure that stood is gone", async () => (await progressing()) === "DeploymentPaused", 30);
    const next = story.rolloutStatus();
    await story.atWeight("nginx:1.26.0", 30);
    await story.setImage(stable);
    expect((await story.ends("nginx:1.26.0")).status?.phase).toBe("Cancelled");
    expect((await next).code).toBe(0);
    const deployment = await story.get<Stored>("deploy", "nginx");
    expect(deployment.spec.paused).toBeUndefined();
    expect(deployment.metadata.managedFields.map(({ manager }) => manager).filter((manager) => /serin/.test(manager))).toEqual([]);
    expect(await story.kubectl("get", "rs", "-o", "jsonpath={.items[*].metadata.finalizers}")).toBe("");
    judge(await story.stopLoad(), plan, drainedAt, "nginx/1.25.0-errors50");
    const events = await story.stopRecording();
    expect(checkInvariants(events)).toEqual([]);
    expect(checkRoutesRestored(events)).toEqual([]);
  });

  const progressing = (): Promise<string> =>
    story.kubectl("get", "deploy", "nginx", "-o", 'jsonpath={.status.conditions[?(@.type=="Progressing")].reason}');
});

interface Stored {
  metadata: { annotations?: Record<string, string>; managedFields: Array<{ manager: string }> };
  spec: { paused?: boolean };
}

/** Milliseconds from the measurement that broke the limit to weight 0, by Envoy's routes and by the last answer of the bad version. */
function judge(report: LoadReport, plan: CanaryPlan, drainedAt: number, bad: string): void {
  const breaking = plan.status?.metrics?.[0]?.measurements.find(({ verdict, counted }) => verdict === "fail" && counted);
  const brokenAt = Date.parse(breaking?.finishedAt ?? "");
  const lastBad = Math.max(...report.timeline.filter(({ version }) => version === bad).map(({ at }) => at)) + BUCKET_MS;
  const bads = report.byVersion[bad];
  console.log(
    `from the verdict to weight 0: ${drainedAt - brokenAt} ms by Envoy's routes, ${Math.round(lastBad - brokenAt)} ms by the last answer of ${bad}; ` +
      `${bads?.byStatus["503"] ?? 0} of its ${bads?.total ?? 0} answers failed, ${report.sent} requests in all`,
  );
  expect(brokenAt).toBeGreaterThan(report.startedAt);
  expect(drainedAt - brokenAt).toBeLessThan(3_000);
  expect(lastBad - brokenAt).toBeLessThan(3_000);
  // Every failed answer is one of the bad version's own, and none comes once the weight is 0.
  expect(report.non200).toBe(bads?.byStatus["503"] ?? 0);
  const after = countsBetween(report, drainedAt);
  expect([...new Set(Object.values(after).flatMap((byStatus) => Object.keys(byStatus)))]).toEqual(["200"]);
}
