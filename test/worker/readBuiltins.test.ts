import { describe, expect, test } from "vitest";
import type { CanaryPlan } from "../../src/api/plan.ts";
import type { PrometheusAnswer } from "../../src/prometheus/client.ts";
import type { Caches } from "../../src/worker/caches.ts";
import { countAll } from "../../src/worker/measure/countRequests.ts";
import type { Instruments } from "../../src/worker/measure/measure.ts";
import { builtinReader } from "../../src/worker/measure/readBuiltins.ts";
import { Memories } from "../../src/worker/memory.ts";
import { aPlan, following } from "../build/plan.ts";
import { aPolicy, withSpec } from "../build/policy.ts";

const metrics = [
  { name: "errors", builtin: { successRate: {} } },
  { name: "p99", builtin: { latency: { quantile: 0.99 as const, max: "500ms" } } },
];
const startedAt = "2026-11-23T10:00:00.000Z";
const start = Date.parse(startedAt);

/** A plan of its own Deployment, at 30 %, whose built-ins have begun. */
function planOf(index: number): CanaryPlan {
  const plan = aPlan(following(aPolicy(withSpec({ analysis: { metrics } }))));
  plan.metadata = { ...plan.metadata, name: `web-${index}-x`, uid: `uid-${index}` };
  plan.spec.deployment = { name: `web-${index}`, uid: `d-${index}` };
  const counters = { successful: 0, failed: 0, inconclusive: 0, errors: 0, noData: 0, consecutiveErrors: 0, consecutiveSuccesses: 0 };
  plan.status = {
    ...plan.status,
    phase: "Progressing",
    reason: "StepStarted",
    message: "",
    weight: { desired: 30 },
    services: [`web-${index}`],
    routes: [{ kind: "VirtualService", namespace: "shop", name: `web-${index}` }],
    metrics: metrics.map(({ name }) => ({ name, phase: "Running", startedAt, ...counters, measurements: [] })),
  };
  return plan;
}

/** A worker's instruments with so many live plans; every question to Prometheus is kept, and answered by what the test says. */
function worker(count: number, answer: (promql: string) => Promise<PrometheusAnswer>) {
  let time = start;
  const plans = Array.from({ length: count }, (_, index) => planOf(index));
  const memories = new Memories();
  const asked: string[] = [];
  const looked: string[] = [];
  const instruments = {
    caches: { plans: { values: () => plans } } as unknown as Caches,
    memories,
    now: () => time,
    settleMs: () => 1_000,
    look: (key: string) => void looked.push(key),
    counting: {
      query: (promql: string) => {
        asked.push(promql);
        return answer(promql);
      },
    },
  } as unknown as Instruments;
  for (const plan of plans) memories.of(plan.metadata.uid ?? "", time, plan.status);
  const read = builtinReader(instruments);
  const pass = async (ms: number, tick = 500) => {
    for (const end = time + ms; time < end; ) {
      time += tick;
      read();
      await countAll(instruments);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { asked, looked, pass, memories, plans };
}

const nothing = async (): Promise<PrometheusAnswer> => ({
  kind: "values",
  values: [0],
  series: [{ labels: { serin: "now" }, value: start / 1_000, at: 0 }],
  warnings: [],
});

describe("what built-ins cost Prometheus", () => {
  test("100 plans with two built-ins each: at most 0.05 of one query per metric, plan and interval of 5 s", async () => {
    const { asked, pass } = worker(100, nothing);
    await pass(60_000);
    const each = 100 * metrics.length * (60 / 5);
    expect(asked.length).toBeLessThanOrEqual(0.05 * each);
    expect(asked.length).toBeGreaterThanOrEqual(60);
    const names = new Set(asked.map((promql) => /\((istio_\w+)\{/.exec(promql)?.[1]));
    expect([...names].sort()).toEqual(["istio_request_duration_milliseconds_bucket", "istio_requests_total"]);
  });

  test("no plan, no question", async () => {
    const { asked, pass } = worker(0, nothing);
    await pass(10_000);
    expect(asked).toEqual([]);
  });

  test("a query that hangs is not asked a second time beside itself, and delays no other one", async () => {
    const { asked, pass } = worker(3, (promql) => (promql.includes("duration") ? new Promise<PrometheusAnswer>(() => {}) : nothing()));
    await pass(20_000);
    expect(asked.filter((promql) => promql.includes("duration"))).toHaveLength(1);
    expect(asked.filter((promql) => promql.includes("response_code")).length).toBeGreaterThanOrEqual(9);
  });

  test("an error is told to each plan once in ten seconds, so that five in a row are no hiccup", async () => {
    const { memories, plans, pass } = worker(2, async () => ({ kind: "error", message: "down" }));
    await pass(30_000);
    for (const plan of plans) {
      const told = memories.get(plan.metadata.uid)?.answers ?? [];
      expect(told.filter(({ key }) => key === "errors").length).toBeGreaterThanOrEqual(2);
      expect(told.filter(({ key }) => key === "errors").length).toBeLessThanOrEqual(3);
    }
  });
});
