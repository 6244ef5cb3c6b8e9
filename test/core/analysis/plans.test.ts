import { describe, expect, test } from "vitest";
import { canaryImage, stableImage } from "../../build/story.ts";
import type { Cluster } from "../../fakes/cluster.ts";
import { quick, successMetric } from "../../scenes/article.ts";
import { quickLasts, tell } from "../../scenes/tell.ts";

// Table W of research/peers.md §4a, and what rows R2 to R4 mean for a plan: whole plans in a simulated cluster.

const bad = `${canaryImage}-errors50`;
const reasons = ({ plan }: Cluster): string[] => (plan?.status?.journal ?? []).map(({ reason }) => reason);
const metrics = ({ plan }: Cluster) => plan?.status?.metrics ?? [];
const inline = (fields: Parameters<typeof successMetric>[0] = {}) => successMetric({ name: "inline", count: 3, interval: "1s", ...fields });
const stepOf = (...fields: Parameters<typeof inline>) => [{ setWeight: 30 }, { analysis: { metrics: [inline(...fields)] } }];
/** Only the steps' own analysis. */
const stepsOnly = (steps: ReturnType<typeof stepOf>) => ({ ...quick({ steps }), analysis: undefined });
const inconclusive = { successCondition: "result[0] > 2.0", failureCondition: "result[0] < 0.5" };

describe("W1: a failed analysis aborts the release", () => {
  test("W1: Failed in the background, and Failed in a step", async () => {
    const background = await tell({}, 0, bad);
    await background.runToEnd();
    expect(background.plan?.status?.phase).toBe("RolledBack");
    expect(reasons(background)).toContain("AnalysisFailed");
    const step = await tell({ policy: stepsOnly(stepOf()) }, 0, bad);
    await step.runToEnd();
    expect(step.plan?.status?.phase).toBe("RolledBack");
    expect(reasons(step)).toContain("AnalysisFailed");
    expect([...background.findings(), ...step.findings()]).toEqual([]);
  });

  test("W1: Error in the background, and Error in a step", async () => {
    for (const policy of [quick(), stepsOnly(stepOf())]) {
      const cluster = await tell({ policy });
      cluster.prometheus.mood = "error";
      await cluster.runToEnd();
      expect(cluster.plan?.status?.phase).toBe("RolledBack");
      expect(reasons(cluster)).toContain("AnalysisError");
    }
  });
});

describe("W2: an inconclusive analysis pauses until a person decides", () => {
  const policy = quick({ analysis: { metrics: [successMetric({ interval: "2s", ...inconclusive })] } });

  test("W2: the pause holds; after resume a new run starts, with counters from 0", async () => {
    const cluster = await tell({ policy }, 60_000);
    expect(cluster.plan?.status).toMatchObject({ phase: "Paused", reason: "PausedInconclusive" });
    const [before] = metrics(cluster);
    expect(before).toMatchObject({ phase: "Inconclusive", inconclusive: 1 });
    const { plan } = cluster;
    if (plan) cluster.users.control(plan, { promote: { full: false } });
    await cluster.run(300);
    const [again] = metrics(cluster);
    expect(Date.parse(again?.startedAt ?? "")).toBeGreaterThan(Date.parse(before?.startedAt ?? "") + 50_000);
    await cluster.run(60_000);
    expect(cluster.plan?.status).toMatchObject({ phase: "Paused", reason: "PausedInconclusive" });
    expect(metrics(cluster)).toMatchObject([{ phase: "Inconclusive", inconclusive: 1 }]);
  });

  test("W2: in a step likewise, and who aborts rolls back", async () => {
    const cluster = await tell({ policy: stepsOnly(stepOf(inconclusive)) }, 60_000);
    expect(cluster.plan?.status).toMatchObject({ phase: "Paused", reason: "PausedInconclusive", weight: { desired: 30 } });
    const { plan } = cluster;
    if (plan) cluster.users.control(plan, { abort: {} });
    await cluster.runToEnd();
    expect(cluster.plan?.status?.phase).toBe("RolledBack");
  });
});

test("W3: a step analysis that ends Successful ends its step, under the weight it was taken (Serin: with a latest pass)", async () => {
  const cluster = await tell({ policy: stepsOnly([...stepOf(), { setWeight: 60 }]) });
  await cluster.runToEnd();
  expect(cluster.findings()).toEqual([]);
  expect(cluster.plan?.status?.phase).toBe("Promoted");
  const [status] = metrics(cluster);
  expect(status).toMatchObject({ step: 1, phase: "Successful", measured: 3 });
  expect(status?.measurements.every(({ weight }) => weight === 30)).toBe(true);
});

describe("W4: what skips the analysis", () => {
  test("W4: promote-full: running metrics are terminated and count as Successful (R2, R3)", async () => {
    const cluster = await tell({ policy: quick({ steps: [{ setWeight: 30 }, { pause: {} }] }) }, 10_000);
    expect(metrics(cluster)).toMatchObject([{ phase: "Running" }]);
    cluster.prometheus.mood = "error";
    const { plan } = cluster;
    if (plan) cluster.users.control(plan, { promote: { full: true } });
    await cluster.runToEnd();
    expect(cluster.plan?.status?.phase).toBe("Promoted");
    expect(metrics(cluster)).toMatchObject([{ phase: "Successful", errors: 0 }]);
  });

  test("W4: abort: nothing is measured any more", async () => {
    const cluster = await tell({}, 8_000);
    const { plan } = cluster;
    if (plan) cluster.users.control(plan, { abort: {} });
    await cluster.run(300);
    const { asked } = cluster.prometheus;
    await cluster.runToEnd();
    expect(cluster.prometheus.asked).toBe(asked);
    expect(metrics(cluster)).toMatchObject([{ phase: "Successful" }]);
  });

  test("W4: the rollback window: no metric even begins", async () => {
    const cluster = await tell({}, quickLasts);
    await cluster.runToEnd();
    const { asked } = cluster.prometheus;
    cluster.users.setImage(stableImage);
    await cluster.runToEnd();
    expect(cluster.plan?.status?.phase).toBe("Promoted");
    expect(reasons(cluster)).toContain("WithinRollbackWindow");
    expect(metrics(cluster)).toEqual([]);
    expect(cluster.prometheus.asked).toBe(asked);
  });
});

test("W5: background with startingStep 2: no measurement before step index 2", async () => {
  const cluster = await tell({ policy: quick({ analysis: { startingStep: 2, metrics: [successMetric({ interval: "1s" })] } }) });
  await cluster.runToEnd();
  expect(cluster.plan?.status?.phase).toBe("Promoted");
  const before = cluster.plan?.status?.journal?.find(({ message }) => message.startsWith("step 2/4 done"))?.at ?? "";
  expect(Date.parse(metrics(cluster)[0]?.startedAt ?? "")).toBeGreaterThanOrEqual(Date.parse(before));
});

test("W6: abort: weight to stable at once, the canary's pods go when the route has settled (Argo: 30 s later), the record keeps its step", async () => {
  const cluster = await tell({}, 8_000);
  const { plan } = cluster;
  const step = plan?.status?.step?.index;
  if (plan) cluster.users.control(plan, { abort: {} });
  await cluster.run(300);
  expect(cluster.plan?.status).toMatchObject({ phase: "RollingBack" });
  expect(cluster.route()?.spec.http?.[0]?.route?.at(-1)?.weight ?? 0).toBe(0);
  await cluster.runToEnd();
  expect(cluster.running()).toEqual({ [stableImage]: 4 });
  expect(cluster.plan?.status).toMatchObject({ phase: "RolledBack", step: { index: step } });
  expect(cluster.findings()).toEqual([]);
});

describe("W7: the template changes mid-release", () => {
  test("W7: to stable's: the steps end and nothing more is measured (Serin: Cancelled)", async () => {
    const cluster = await tell({}, 8_000);
    cluster.users.setImage(stableImage);
    await cluster.runToEnd();
    expect(cluster.plan?.status?.phase).toBe("Cancelled");
    expect(cluster.running()).toEqual({ [stableImage]: 4 });
  });

  test("W7: to another: a new plan starts at step 0, and its metrics know nothing of the earlier canary's", async () => {
    const cluster = await tell({}, 9_000, bad);
    expect(metrics(cluster)[0]?.failed ?? 0).toBeLessThanOrEqual(1);
    cluster.users.setImage("nginx:1.25.0");
    await cluster.runToEnd();
    const [first, second] = cluster.plans;
    expect(["Superseded", "RolledBack"]).toContain(first?.status?.phase);
    expect(second?.status).toMatchObject({ phase: "Promoted", metrics: [{ failed: 0, phase: "Successful" }] });
    expect(cluster.findings()).toEqual([]);
  });
});

describe("R4: a dry run in a plan", () => {
  const always = { successCondition: "result[0] > 2.0" };

  test("R4: one that fails for good does not hold the plan, and is shown", async () => {
    const watched = successMetric({ name: "watched", interval: "2s", ...always });
    const analysis = { metrics: [successMetric({ interval: "2s" }), watched], dryRun: [{ metricName: "watched" }] };
    const cluster = await tell({ policy: quick({ analysis }) });
    await cluster.runToEnd();
    expect(cluster.plan?.status?.phase).toBe("Promoted");
    expect(metrics(cluster)).toMatchObject([
      { name: "success-rate", phase: "Successful" },
      { name: "watched", dryRun: true, phase: "Failed", failed: 1 },
    ]);
  });

  test("R4: nor does one without data, or in a step", async () => {
    const dry = { metrics: [inline(), inline({ name: "watched", count: 9, ...always })], dryRun: [{ metricName: "watched" }] };
    const cluster = await tell({ policy: { ...quick({ steps: [{ setWeight: 30 }, { analysis: dry }] }), analysis: undefined } });
    await cluster.runToEnd();
    expect(cluster.plan?.status?.phase).toBe("Promoted");
    const absent = { metrics: [successMetric({ interval: "2s" })], dryRun: [{ metricName: ".*" }] };
    const without = await tell({ policy: quick({ analysis: absent, onNoData: { after: "2s", action: "Fail" } }) });
    without.prometheus.mood = "empty";
    await without.runToEnd();
    expect(without.plan?.status?.phase).toBe("Promoted");
  });
});
