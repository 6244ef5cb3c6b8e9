import { describe, expect, test } from "vitest";
import { canaryImage, stableImage } from "../../build/story.ts";
import { aVirtualService } from "../../build/virtualService.ts";
import { Cluster } from "../../fakes/cluster.ts";
import { quick } from "../../scenes/article.ts";
import { tell } from "../../scenes/tell.ts";

// Plans that are judged by built-ins alone: a policy needs no query.

const builtins = (...metrics: Array<{ name: string; builtin: object }>) => quick({ analysis: { metrics: metrics as never } });
const errors = { name: "errors", builtin: { successRate: {} } };
const latency = { name: "p99", builtin: { latency: { quantile: 0.99 as const } } };
const reasons = ({ plan }: Cluster): string[] => (plan?.status?.journal ?? []).map(({ reason }) => reason);
/** Milliseconds from the first weight to what the journal says with this reason. */
const after = ({ plan }: Cluster, reason: string): number => {
  const at = (wanted: string) => Date.parse(plan?.status?.journal?.find((entry) => entry.reason === wanted)?.at ?? "");
  return at(reason) - at("TrafficWeightUpdated");
};

describe("built-ins", () => {
  test("a good release passes each step, with the numbers that it passed with", async () => {
    const cluster = await tell({ policy: builtins(errors, latency) });
    await cluster.runToEnd();
    expect(cluster.findings()).toEqual([]);
    expect(cluster.plan?.status?.phase).toBe("Promoted");
    const metrics = cluster.plan?.status?.metrics ?? [];
    expect(metrics).toMatchObject([
      { name: "errors", phase: "Successful", failed: 0, counted: { canary: { bad: 0 } } },
      { name: "p99", phase: "Successful", failed: 0, counted: { boundMs: 10 } },
    ]);
    for (const { counted } of metrics) expect(counted?.canary.requests).toBeGreaterThanOrEqual(50);
  });

  test("half of the requests fail: weight 0 within seconds, and the message says what was seen", async () => {
    const cluster = await tell({ policy: builtins(errors) }, 0, `${canaryImage}-errors50`);
    await cluster.runToEnd();
    expect(cluster.findings()).toEqual([]);
    expect(cluster.plan?.status?.phase).toBe("RolledBack");
    expect(cluster.running()).toEqual({ [stableImage]: 4 });
    expect(after(cluster, "AnalysisFailed")).toBeLessThan(12_000);
    const told = cluster.plan?.status?.journal?.find(({ reason }) => reason === "AnalysisFailed")?.message;
    expect(told).toMatch(/errors: failed \(1\) > failureLimit \(0\); .*\d+ of \d+ .*%/);
  });

  test("slower by 800 ms is caught by a threshold, and by comparison", async () => {
    for (const compared of [{ quantile: 0.99, max: "500ms" }, { quantile: 0.99 }]) {
      const cluster = await tell({ policy: builtins({ name: "p99", builtin: { latency: compared } }) }, 0, `${canaryImage}-delay800`);
      await cluster.runToEnd();
      expect(cluster.plan?.status?.phase).toBe("RolledBack");
      expect(reasons(cluster)).toContain("AnalysisFailed");
    }
  });

  test("with a step at weight 100, where nothing is left to compare with, a good release is still promoted", async () => {
    const steps = [{ setWeight: 50 }, { pause: { duration: "2s" } }, { setWeight: 100 }, { pause: { duration: "4s" } }];
    const cluster = await tell({ policy: { ...builtins(errors, latency), steps } });
    await cluster.runToEnd();
    expect(cluster.findings()).toEqual([]);
    expect(cluster.plan?.status?.phase).toBe("Promoted");
    expect(cluster.plan?.status?.metrics?.[0]?.counted).toMatchObject({ weight: 100 });
  });

  test("a template that does not exist: the plan rolls back before the canary gets any traffic, and says why", async () => {
    const metric = { name: "share", templateRef: { name: "gone" } };
    const cluster = await tell({ policy: quick({ analysis: { metrics: [metric] } }) });
    await cluster.runToEnd();
    expect(cluster.findings()).toEqual([]);
    expect(cluster.plan?.status).toMatchObject({ phase: "RolledBack", weight: { desired: 0 } });
    expect(cluster.plan?.status?.message).toContain("share: analysis spec invalid: MetricTemplate gone does not exist");
    expect(reasons(cluster)).not.toContain("TrafficWeightUpdated");
  });

  test("in a step a built-in blocks until its first verdict", async () => {
    const steps = [{ setWeight: 30 }, { analysis: { metrics: [{ ...errors, name: "inline" }] } }, { setWeight: 60 }];
    const cluster = await tell({ policy: { ...quick({ steps: steps as never }), analysis: undefined } });
    await cluster.runToEnd();
    expect(cluster.findings()).toEqual([]);
    expect(cluster.plan?.status).toMatchObject({ phase: "Promoted", metrics: [{ name: "inline", step: 1, phase: "Successful" }] });
  });

  test("a second canary of the same template is judged by its own requests alone", async () => {
    const bad = `${canaryImage}-errors50`;
    const cluster = await Cluster.of({ policy: { ...builtins(errors), onRepeat: "Retry" }, routes: [aVirtualService()] });
    cluster.users.setImage(bad);
    await cluster.runToEnd();
    expect(cluster.plan?.status?.phase).toBe("RolledBack");
    const first = cluster.plan?.status?.metrics?.[0]?.counted?.canary.bad ?? 0;
    expect(first).toBeGreaterThan(0);
    cluster.users.setImage(bad);
    await cluster.run(1_500);
    expect(cluster.plans).toHaveLength(2);
    expect(cluster.plans[1]?.status?.metrics?.[0]?.counted?.canary.bad ?? 0).toBe(0);
  });
});

describe("no data and low traffic", () => {
  test.each(["empty", "nan"] as const)("counters that are %s: the step holds, then onNoData", async (mood) => {
    const cluster = await tell({ policy: { ...builtins(errors), onNoData: { after: "20s" } } });
    cluster.prometheus.mood = mood;
    await cluster.run(60_000);
    expect(cluster.plan?.status).toMatchObject({ phase: "Paused", reason: "PausedNoData", weight: { desired: 30 } });
    cluster.prometheus.mood = "well";
    await cluster.runToEnd();
    expect(cluster.findings()).toEqual([]);
    expect(cluster.plan?.status?.phase).toBe("Promoted");
  });

  test("two requests a second: the step is extended until there are enough of them, never a pass before", async () => {
    const cluster = await tell({ policy: builtins(errors), rate: 2 }, 30_000);
    expect(cluster.plan?.status).toMatchObject({ phase: "Progressing", weight: { desired: 30 } });
    expect(cluster.plan?.status?.metrics?.[0]?.measurements.at(-1)).toMatchObject({
      verdict: "no-data",
      message: expect.stringMatching(/requests.*canary|canary.*requests|requests to judge/),
    });
    await cluster.runToEnd(600_000);
    expect(cluster.plan?.status?.phase).toBe("Promoted");
  });

  test("no request at all with onNoData Fail rolls back", async () => {
    const policy = { ...builtins(errors), onNoData: { after: "20s", action: "Fail" as const } };
    const cluster = await tell({ policy, rate: 0 });
    await cluster.runToEnd();
    expect(cluster.plan?.status?.phase).toBe("RolledBack");
    expect(reasons(cluster)).toContain("NoData");
  });

  test("a Prometheus that can't be asked for a while holds the plan; for long, it rolls back after five errors 10 s apart", async () => {
    const cluster = await tell({ policy: builtins(errors) });
    cluster.prometheus.mood = "error";
    await cluster.run(30_000);
    expect(cluster.plan?.status).toMatchObject({ phase: "Progressing", weight: { desired: 30 } });
    cluster.prometheus.mood = "well";
    await cluster.run(30_000);
    expect(["Promoting", "Promoted"]).toContain(cluster.plan?.status?.phase);
    const dead = await tell({ policy: builtins(errors) });
    dead.prometheus.mood = "error";
    await dead.run(30_000);
    expect(dead.plan?.status?.phase).toBe("Progressing");
    await dead.runToEnd();
    expect(reasons(dead)).toContain("AnalysisError");
  });
});

describe("Prometheus scrapes seldom", () => {
  const onNoData = { after: "45s", action: "Fail" as const };
  const seconds = (reason: string, cluster: Cluster) => after(cluster, reason) / 1_000;
  /** As most are: stable has been scraped for a while. */
  const told = async (policy: ReturnType<typeof builtins>, scrapeMs: number, image = canaryImage): Promise<Cluster> => {
    const cluster = await Cluster.of({ policy: { ...policy, onNoData }, scrapeMs, routes: [aVirtualService()] });
    await cluster.run(130_000);
    cluster.users.setImage(image);
    return cluster;
  };

  test.each([15_000, 60_000])("every %d ms: a good release is promoted, and no data is missing on the way", async (scrapeMs) => {
    const cluster = await told(builtins(errors, latency), scrapeMs);
    await cluster.runToEnd();
    expect(cluster.findings()).toEqual([]);
    expect(cluster.plan?.status?.phase).toBe("Promoted");
    expect(cluster.plan?.status?.metrics?.map(({ failed }) => failed)).toEqual([0, 0]);
    expect(seconds("Promoted", cluster)).toBeLessThan(15 * (scrapeMs / 1_000));
  });

  test.each([15_000, 60_000])("every %d ms: one that fails half of its requests is stopped after the third scrape", async (scrapeMs) => {
    const cluster = await told(builtins(errors), scrapeMs, `${canaryImage}-errors50`);
    await cluster.runToEnd();
    expect(cluster.findings()).toEqual([]);
    expect(cluster.plan?.status?.phase).toBe("RolledBack");
    expect(seconds("AnalysisFailed", cluster)).toBeLessThan(3 * (scrapeMs / 1_000) + 5);
    expect(cluster.plan?.status?.weight?.desired).toBe(0);
  });

  test("an analysis step counts from the last scrape before it: what the first one after it tells is not lost", async () => {
    const steps = [
      { setWeight: 30 },
      { pause: { duration: "10s" } },
      { analysis: { metrics: [{ ...errors, name: "inline" }] } },
      { pause: {} },
    ];
    const cluster = await tell({ policy: { ...quick({ steps: steps as never }), analysis: undefined }, scrapeMs: 15_000 });
    await cluster.run(120_000);
    const inline = cluster.plan?.status?.metrics?.[0];
    const [first] = inline?.measurements ?? [];
    expect(inline?.phase).toBe("Successful");
    expect(Date.parse(first?.finishedAt ?? "") - Date.parse(inline?.startedAt ?? "")).toBeLessThanOrEqual(15_000);
  });
});

describe("crashes and changes of weight", () => {
  test("a worker that dies in the middle: the next one counts on, and nothing is promoted unseen", async () => {
    const cluster = await tell({ policy: builtins(errors) }, 8_000, `${canaryImage}-errors50`);
    cluster.crash();
    await cluster.runToEnd();
    expect(cluster.findings()).toEqual([]);
    expect(cluster.plan?.status?.phase).toBe("RolledBack");
    const good = await tell({ policy: builtins(errors) }, 8_000);
    good.crash();
    await good.runToEnd();
    expect(good.findings()).toEqual([]);
    expect(good.plan?.status?.phase).toBe("Promoted");
  });

  test("the next worker goes on with the evidence that the plan remembers", async () => {
    const cluster = await tell({ policy: { ...builtins(errors), steps: [{ setWeight: 30 }, { pause: {} }] } }, 40_000);
    const evidence = (): { startedAt: number; stable: { requests: number } } =>
      JSON.parse(cluster.plan?.status?.metrics?.[0]?.counted?.evidence ?? "{}");
    const before = evidence();
    expect(before.stable.requests).toBeGreaterThan(100);
    cluster.crash();
    await cluster.run(40_000);
    expect(evidence().startedAt).toBe(before.startedAt);
    expect(evidence().stable.requests).toBeGreaterThan(before.stable.requests);
  });

  test("two built-ins of one source cost one query every two seconds", async () => {
    const more = { name: "rate", builtin: { successRate: { min: 0.9 } } };
    const cluster = await tell({ policy: { ...builtins(errors, more), steps: [{ setWeight: 30 }, { pause: {} }] } }, 10_000);
    const { counted } = cluster.prometheus;
    await cluster.run(20_000);
    expect(cluster.prometheus.counted - counted).toBeLessThanOrEqual(11);
    expect(cluster.prometheus.counted - counted).toBeGreaterThanOrEqual(9);
  });
});
