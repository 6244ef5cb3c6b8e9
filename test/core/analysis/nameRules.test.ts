import { describe, expect, test } from "vitest";
import { parsePolicy } from "../../../src/api/parse.ts";
import type { PolicySpec } from "../../../src/api/policy.ts";
import { metricsInForce, unjudgedSteps } from "../../../src/core/analysis/inForce.ts";
import { policyConditions } from "../../../src/core/analysis/policyConditions.ts";
import { assess, begin, record } from "../../../src/core/analysis/run.ts";
import { aPolicy, aMetric as aPolicyMetric, withSpec } from "../../build/policy.ts";
import { aMetric, at, measured, t0 } from "./aMetric.ts";

// Rows R4 and R5 of research/peers.md §4a: lists beside the metrics that name them by expression, as in Argo's AnalysisTemplate.

const steps: PolicySpec["steps"] = [{ setWeight: 30 }, { pause: { duration: "30s" } }];
const metrics = [aMetric({ name: "errors" }), aMetric({ name: "latency-p50" }), aMetric({ name: "latency-p99" })];
const analysis = (rules: object) => ({ steps, analysis: { startingStep: 0, metrics, ...rules } });
const dryRuns = (metricName: string) =>
  metricsInForce(analysis({ dryRun: [{ metricName }] }), 0)
    .filter(({ dryRun }) => dryRun)
    .map(({ metric }) => metric.name);

const failed = measured(aMetric({}), ["fail"]);
const passed = measured(aMetric({}), ["pass"]);

describe("R4: dryRun", () => {
  test.each([
    ["latency-p99", ["latency-p99"]],
    ["latency", ["latency-p50", "latency-p99"]],
    ["^p99", []],
    ["p99$", ["latency-p99"]],
    [".*", ["errors", "latency-p50", "latency-p99"]],
    ["errors|p50", ["errors", "latency-p50"]],
    ["latency-p[0-5]+", ["latency-p50"]],
  ])("R4: the expression %s finds %j, anywhere in the name", (expression, names) => {
    expect(dryRuns(expression)).toEqual(names);
  });

  test("R4: a dry run is measured and shown, and never affects the outcome", () => {
    expect(begin(aMetric({}), { now: t0, dryRun: true })).toMatchObject({ dryRun: true, phase: "Pending" });
    expect(assess([passed, { ...failed, dryRun: true }])).toEqual({ phase: "Successful", message: passed.message });
    expect(assess([failed, { ...passed, dryRun: true }]).phase).toBe("Failed");
  });

  test("R4: an analysis of nothing but dry runs is Successful, and judges no step", () => {
    expect(assess([{ ...failed, dryRun: true }]).phase).toBe("Successful");
    expect(unjudgedSteps(analysis({ dryRun: [{ metricName: ".*" }] }))).toEqual([1]);
    expect(unjudgedSteps(analysis({ dryRun: [{ metricName: "latency" }] }))).toEqual([]);
  });

  test("R4: an expression that finds no metric ends the analysis in Error, and the policy says so beforehand", () => {
    const [first] = metricsInForce(analysis({ dryRun: [{ metricName: "latencies" }] }), 0);
    expect(first && begin(first.metric, { ...first, now: t0 })).toMatchObject({
      phase: "Error",
      message: "errors: analysis spec invalid: dryRun latencies finds no metric",
    });
    const policy = aPolicy(
      withSpec({ steps, analysis: { metrics: [aPolicyMetric()], dryRun: [{ metricName: "[" }, { metricName: "x" }] } }),
    );
    expect(policyConditions(policy, "2026-11-23T12:00:00Z").conditions?.[0]).toMatchObject({
      type: "Accepted",
      status: "False",
      message: "dryRun [ finds no metric; dryRun x finds no metric. Canaries under it roll back",
    });
  });

  test("R4: an expression that could stop the worker is refused (63 characters against nested quantifiers take for ever)", () => {
    const written = (metricName: string) =>
      parsePolicy({ metadata: { name: "p" }, spec: { steps, analysis: { metrics: [aPolicyMetric()], dryRun: [{ metricName }] } } });
    expect(written("(a+)+$").error).toContain("without groups and with at most three of * + ?");
    expect(written(".*.*.*.*").error).toContain("at most three");
    expect(written("success-.*").error).toBeUndefined();
  });
});

describe("R5: measurementRetention", () => {
  const metric = aMetric({ interval: "1m" });
  const keeping = (count: number, retention?: number) =>
    Array.from({ length: count }, (_, i) => at({ started: i * 60_000, verdict: "pass" })).reduce(
      (status, measurement) => record(metric, status, measurement, { retention }),
      begin(metric, { now: t0 }),
    );

  test("R5: without it the latest ten measurements are kept, and all are counted", () => {
    const status = keeping(12);
    expect(status.measurements).toHaveLength(10);
    expect(status.measurements[0]?.startedAt).toBe("2026-01-01T00:02:00.000Z");
    expect(status).toMatchObject({ successful: 12, measured: 12 });
  });

  test("R5: with a limit so many, those beyond ten without their message", () => {
    expect(keeping(12, 3).measurements).toHaveLength(3);
    const many = keeping(40, 30).measurements;
    expect(many).toHaveLength(30);
    expect(many.map(({ message }) => message)).toEqual([...Array<string>(20).fill(""), ...Array<string>(10).fill("pass")]);
  });

  test("R5: the first entry that finds the metric says how many, 0 means ten", () => {
    const rules = [
      { metricName: "p99", limit: 20 },
      { metricName: "latency", limit: 5 },
      { metricName: "errors", limit: 0 },
    ];
    const kept = metricsInForce(analysis({ measurementRetention: rules }), 0).map(({ retention }) => retention);
    expect(kept).toEqual([undefined, 5, 20]);
  });

  test("R5: an entry that finds no metric is an Error", () => {
    const [first] = metricsInForce(analysis({ measurementRetention: [{ metricName: "x", limit: 5 }] }), 0);
    expect(first?.invalid).toBe("measurementRetention x finds no metric");
  });
});
