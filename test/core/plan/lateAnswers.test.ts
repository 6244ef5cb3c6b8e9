import { describe, expect, test } from "vitest";
import { canaryImage } from "../../build/story.ts";
import { quick, successMetric } from "../../scenes/article.ts";
import { tell } from "../../scenes/tell.ts";

// Row P3 of research/reliability.md: a verdict is tied to (template, step, window); what comes late is dropped.

const bad = `${canaryImage}-errors50`;
const inline = successMetric({ name: "inline", count: 1 });

describe("P3: an answer that comes late", () => {
  test("about an earlier canary says nothing about the next one", async () => {
    const cluster = await tell({ policy: quick({ analysis: { metrics: [successMetric({ interval: "1s", failureLimit: 3 })] } }) }, 0, bad);
    cluster.prometheus.answerMs = 4_000;
    await cluster.run(10_000);
    cluster.users.setImage("nginx:1.25.0");
    await cluster.runToEnd();
    const last = cluster.plans.at(-1);
    expect(last?.status).toMatchObject({ phase: "Promoted", metrics: [{ failed: 0 }] });
    expect(cluster.findings()).toEqual([]);
  });

  test("about the weight before lets no step end: good at 30 %, bad at 60 %, and four seconds between question and answer", async () => {
    const cluster = await tell({ policy: quick({ analysis: { metrics: [successMetric({ interval: "1s" })] } }) });
    cluster.prometheus.answerMs = 4_000;
    await cluster.run(120_000, () => cluster.plan?.status?.weight?.desired === 60);
    const metric = cluster.plan?.status?.metrics?.[0];
    const changedAt = Date.parse(cluster.plan?.status?.weight?.changedAt ?? "");
    const asked = metric?.measurements.filter(({ weight }) => weight === 30).map(({ startedAt }) => Date.parse(startedAt)) ?? [];
    expect(Math.max(...asked)).toBeLessThanOrEqual(changedAt);
    await cluster.runToEnd();
    expect(cluster.plan?.status?.phase).toBe("Promoted");
    expect(cluster.findings()).toEqual([]);
  });

  test("of a step that is over says nothing about a metric of the same name in the next one", async () => {
    const steps = [{ setWeight: 30 }, { analysis: { metrics: [inline] } }, { setWeight: 60 }, { analysis: { metrics: [inline] } }];
    const cluster = await tell({ policy: { ...quick({ steps }), analysis: undefined } });
    cluster.prometheus.answerMs = 3_000;
    await cluster.runToEnd();
    const [first, second] = cluster.plan?.status?.metrics ?? [];
    expect(first?.measurements.every(({ weight }) => weight === 30)).toBe(true);
    expect(second?.measurements.every(({ weight }) => weight === 60)).toBe(true);
    expect(Date.parse(second?.measurements[0]?.startedAt ?? "")).toBeGreaterThanOrEqual(Date.parse(second?.startedAt ?? ""));
    expect(cluster.plan?.status?.phase).toBe("Promoted");
  });
});
