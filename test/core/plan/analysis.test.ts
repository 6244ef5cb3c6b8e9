import { expect, test } from "vitest";
import { stableImage } from "../../build/story.ts";
import { quick, successMetric } from "../../scenes/article.ts";
import { tell } from "../../scenes/tell.ts";

test.each(["empty", "nan"] as const)(
  "with a Prometheus whose answers are %s nothing is ever promoted, and onNoData Pause waits for a person",
  async (mood) => {
    const cluster = await tell({ policy: quick({ onNoData: { after: "20s" } }) });
    cluster.prometheus.mood = mood;
    await cluster.run(45_000);
    expect(cluster.plan?.status).toMatchObject({ phase: "Paused", reason: "PausedNoData", weight: { desired: 30 } });
    cluster.prometheus.mood = "well";
    await cluster.runToEnd();
    expect(cluster.findings()).toEqual([]);
    expect(cluster.plan?.status?.phase).toBe("Promoted");
  },
);

test("with onNoData Fail missing data rolls back", async () => {
  const cluster = await tell({ policy: quick({ onNoData: { after: "20s", action: "Fail" } }) });
  cluster.prometheus.mood = "nan";
  await cluster.runToEnd();
  expect(cluster.findings()).toEqual([]);
  expect(cluster.plan?.status?.phase).toBe("RolledBack");
  expect(cluster.plan?.status?.journal?.map(({ reason }) => reason)).toContain("NoData");
  expect(cluster.running()).toEqual({ [stableImage]: 4 });
});

test("a Prometheus that can't be asked rolls back after five errors in a row", async () => {
  const cluster = await tell();
  cluster.prometheus.mood = "error";
  await cluster.runToEnd();
  expect(cluster.findings()).toEqual([]);
  expect(cluster.plan?.status?.phase).toBe("RolledBack");
  expect(cluster.plan?.status?.journal?.map(({ reason }) => reason)).toContain("AnalysisError");
});

test("an analysis step blocks until its metrics have ended, and its failure rolls back", async () => {
  const inline = { metrics: [successMetric({ name: "inline", count: 3, interval: "2s" })] };
  const policy = quick({ steps: [{ setWeight: 50 }, { analysis: inline }] });
  const { analysis: _, ...withoutBackground } = policy;
  const good = await tell({ policy: withoutBackground });
  await good.runToEnd();
  expect(good.findings()).toEqual([]);
  expect(good.plan?.status?.phase).toBe("Promoted");
  expect(good.plan?.status?.metrics).toMatchObject([{ name: "inline", step: 1, phase: "Successful", measured: 3 }]);
  const bad = await tell({ policy: withoutBackground }, 0, "nginx:1.24.0-errors50");
  await bad.runToEnd();
  expect(bad.findings()).toEqual([]);
  expect(bad.plan?.status?.phase).toBe("RolledBack");
});

test("an inconclusive metric pauses until a person decides", async () => {
  const metric = successMetric({ interval: "2s", successCondition: "result[0] > 2.0", failureCondition: "result[0] < 0.5" });
  const cluster = await tell({ policy: quick({ analysis: { metrics: [metric] } }) }, 60_000);
  expect(cluster.plan?.status).toMatchObject({ phase: "Paused", reason: "PausedInconclusive" });
  const { plan } = cluster;
  if (plan) cluster.users.control(plan, { abort: {} });
  await cluster.runToEnd();
  expect(cluster.findings()).toEqual([]);
  expect(cluster.plan?.status?.phase).toBe("RolledBack");
});
