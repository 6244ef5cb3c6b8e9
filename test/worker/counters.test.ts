import { describe, expect, it } from "vitest";
import type { CanaryPlan } from "../../src/api/plan.ts";
import type { Prometheus, PrometheusAnswer } from "../../src/prometheus/client.ts";
import { countedQueries } from "../../src/prometheus/countedQueries.ts";
import { workerCounters } from "../../src/worker/counters.ts";
import { mostWeights, type WorkerState } from "../../src/worker/stateGauges.ts";
import { entry } from "../build/notification.ts";
import { aPlan } from "../build/plan.ts";
import { aPolicy } from "../build/policy.ts";
import { aSidecarPolicy } from "../build/sidecarPolicy.ts";
import { at as storyAt } from "../build/story.ts";

const now = Date.parse("2026-01-01T01:00:00Z");
const at = (minutes: number) => new Date(now - minutes * 60_000).toISOString();
const plan = (name: string, status: Partial<NonNullable<CanaryPlan["status"]>>): CanaryPlan => {
  const made = aPlan();
  return {
    ...made,
    metadata: { ...made.metadata, name, namespace: "shop" },
    spec: { ...made.spec, deployment: { name, uid: name } },
    status: { phase: "Progressing", reason: "StepStarted", message: "a step", ...status },
  };
};
const weight = (desired: number) => ({ desired });

describe("the worker's figures", () => {
  const figuresOf = (state: WorkerState, isLeader = true) => {
    const figures = workerCounters({ isLeader: () => isLeader, now: () => now });
    figures.watch(() => state);
    return figures;
  };
  const lines = async ({ render }: { render(): Promise<string> }, start: string) =>
    (await render()).split("\n").filter((line) => line.startsWith(start));

  it("count what went past the canary, by reason: each from 0, so that the first one is an increase", async () => {
    const figures = figuresOf({ plans: [] });
    expect(await lines(figures, "serin_bypasses_total")).toContain('serin_bypasses_total{reason="BypassRecreate"} 0');
    figures.bypassed("BypassOptOut");
    figures.bypassed("Bypassed");
    const told = await lines(figures, "serin_bypasses_total");
    expect(told.filter((line) => !line.endsWith(" 0"))).toEqual([
      'serin_bypasses_total{reason="BypassOptOut"} 1',
      'serin_bypasses_total{reason="Bypassed"} 1',
    ]);
  });

  it("count policies by whether they can be used, the leader's alone", async () => {
    const accepted = (status: "True" | "False") => ({
      ...aPolicy(),
      status: { conditions: [{ type: "Accepted", status, reason: "r", message: "m", lastTransitionTime: at(0) }] },
    });
    const policies = [accepted("True"), accepted("True"), accepted("False"), aPolicy(), aSidecarPolicy()];
    expect((await lines(figuresOf({ plans: [], policies }), "serin_policies{")).sort()).toEqual([
      'serin_policies{kind="CanaryPolicy",accepted="false"} 1',
      'serin_policies{kind="CanaryPolicy",accepted="true"} 2',
      'serin_policies{kind="CanaryPolicy",accepted="unknown"} 1',
      'serin_policies{kind="SidecarPolicy",accepted="true"} 1',
    ]);
    expect(await lines(figuresOf({ plans: [], policies }, false), "serin_policies{")).toEqual([]);
  });

  it("count what receivers were told, and show how long each watch has been silent", async () => {
    const figures = figuresOf({ plans: [], watches: [["pods", 12.5]] });
    figures.notified("slack", "lost");
    const told = await lines(figures, "serin_notifications_total{");
    expect(told).toHaveLength(9);
    expect(told.filter((line) => !line.endsWith(" 0"))).toEqual(['serin_notifications_total{kind="slack",result="lost"} 1']);
    expect(await lines(figures, "serin_worker_watch_age_seconds{")).toEqual(['serin_worker_watch_age_seconds{kind="pods"} 12.5']);
  });

  it("tell how long a plan took, and how fast traffic was taken away", async () => {
    const figures = figuresOf({ plans: [] });
    const journal = [entry(0, "PlanCreated"), entry(100, "AnalysisFailed"), entry(102.5, "CanaryTrafficStopped"), entry(140, "RolledBack")];
    figures.ended({ phase: "RolledBack", reason: "r", message: "m", startedAt: storyAt(0), finishedAt: storyAt(140), journal });
    expect(await lines(figures, "serin_plan_duration_seconds_sum")).toEqual(['serin_plan_duration_seconds_sum{outcome="RolledBack"} 140']);
    expect(await lines(figures, "serin_rollback_drain_seconds_sum")).toEqual(["serin_rollback_drain_seconds_sum 2.5"]);
    figures.ended({ phase: "Promoted", reason: "r", message: "m" });
    expect(await lines(figures, "serin_rollback_drain_seconds_count")).toEqual(["serin_rollback_drain_seconds_count 1"]);
  });

  it("count plans by how they ended", async () => {
    const figures = figuresOf({ plans: [] });
    figures.ended({ phase: "RolledBack", reason: "RolledBack", message: "" });
    expect(await lines(figures, "serin_plans_total")).toEqual([
      'serin_plans_total{outcome="Promoted"} 0',
      'serin_plans_total{outcome="RolledBack"} 1',
      'serin_plans_total{outcome="Held"} 0',
      'serin_plans_total{outcome="Cancelled"} 0',
      'serin_plans_total{outcome="Superseded"} 0',
    ]);
  });

  it("show the plans of a leader by phase, the weights of live ones, and who has waited longest", async () => {
    const plans = [
      plan("web", { weight: weight(30), step: { index: 1, total: 3, startedAt: at(2) }, startedAt: at(9) }),
      plan("cart", { phase: "Preparing", stage: "canaryReady", stageSince: at(5) }),
      plan("pay", { phase: "Preparing", stage: "canaryReady", stageSince: at(7) }),
      plan("old", { phase: "Promoted", weight: weight(100), startedAt: at(60) }),
    ];
    const figures = figuresOf({ plans });
    expect(await lines(figures, "serin_plans{")).toEqual(
      expect.arrayContaining(['serin_plans{phase="Preparing"} 2', 'serin_plans{phase="Promoted"} 1', 'serin_plans{phase="Paused"} 0']),
    );
    expect(await lines(figures, "serin_plan_weight{")).toEqual([
      'serin_plan_weight{namespace="shop",deployment="web"} 30',
      'serin_plan_weight{namespace="shop",deployment="cart"} 0',
      'serin_plan_weight{namespace="shop",deployment="pay"} 0',
    ]);
    expect((await lines(figures, "serin_plan_stage_age_seconds{")).sort()).toEqual([
      'serin_plan_stage_age_seconds{phase="Cancelling"} 0',
      'serin_plan_stage_age_seconds{phase="Paused"} 0',
      'serin_plan_stage_age_seconds{phase="Preparing"} 420',
      'serin_plan_stage_age_seconds{phase="Progressing"} 120',
      'serin_plan_stage_age_seconds{phase="Promoting"} 0',
      'serin_plan_stage_age_seconds{phase="RollingBack"} 0',
    ]);
  });

  it("never have more series of weights than written, and forget the plans that ended", async () => {
    const plans = Array.from({ length: mostWeights + 3 }, (_, index) => plan(`web-${index}`, { weight: weight(10) }));
    const state = { plans };
    const figures = figuresOf(state);
    expect(await lines(figures, "serin_plan_weight{")).toHaveLength(mostWeights);
    expect(await lines(figures, "serin_plan_weights_left_out")).toEqual(["serin_plan_weights_left_out 3"]);
    state.plans = plans.slice(0, 2);
    expect(await lines(figures, "serin_plan_weight{")).toHaveLength(2);
    expect(await lines(figures, "serin_plan_weights_left_out")).toEqual(["serin_plan_weights_left_out 0"]);
  });

  it("tell of the queue", async () => {
    const figures = figuresOf({ plans: [], queue: { depth: 3, oldestMs: 1_500, sinceLookMs: 250 } });
    expect(await lines(figures, "serin_worker_")).toEqual([
      "serin_worker_leader 1",
      "serin_worker_queue_depth 3",
      "serin_worker_queue_oldest_seconds 1.5",
      "serin_worker_last_look_age_seconds 0.25",
    ]);
  });

  it("say no more than that they don't lead, where another worker does: a sum over all workers counts each plan once", async () => {
    const figures = figuresOf({ plans: [plan("web", { weight: weight(30) })] }, false);
    expect(await lines(figures, "serin_worker_")).toEqual(["serin_worker_leader 0"]);
    expect(await lines(figures, "serin_plan_")).toEqual(["serin_plan_weights_left_out 0"]);
    expect(await lines(figures, "serin_plans{")).toEqual([]);
  });

  it("count the queries to Prometheus that got an answer, those that got none, and not those that were given up", async () => {
    const figures = figuresOf({ plans: [] });
    const answers: PrometheusAnswer[] = [
      { kind: "values", values: [], series: [], warnings: [] },
      { kind: "error", message: "refused" },
      { kind: "error", message: "given up" },
    ];
    const client: Prometheus = countedQueries({ query: async () => answers.shift() as PrometheusAnswer }, figures.asked);
    await client.query("up");
    expect(await client.query("up")).toEqual({ kind: "error", message: "refused" });
    await client.query("up", { signal: AbortSignal.abort() });
    expect(await lines(figures, "serin_prometheus_queries_total")).toEqual([
      'serin_prometheus_queries_total{result="answered"} 1',
      'serin_prometheus_queries_total{result="failed"} 1',
    ]);
  });
});
