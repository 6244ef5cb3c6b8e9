import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import type { CanaryPlan } from "../../src/api/plan.ts";
import { checkInvariants, checkRoutesRestored } from "./recorder/invariants.ts";
import { type Story, steps, tell } from "./story.ts";

const metrics = [
  { name: "errors", builtin: { successRate: {} } },
  { name: "p99", builtin: { latency: { quantile: 0.99, max: "500ms" } } },
];

describe("a policy of built-ins alone, under 100 requests a second, scraped every two seconds", () => {
  let story: Story;
  beforeAll(async () => {
    story = await tell();
    await story.policy({ steps: steps([5, "10s"], [50, "4s"]), analysis: { metrics }, revertAfter: "1s", onRepeat: "Retry" });
    await story.shop({ replicas: 4 });
    await story.load(100);
    await story.record();
  });
  afterAll(() => story?.stop());

  it("a release that fails half of its requests is back at weight 0 within 12 s of its first request, at 5 %", async () => {
    await story.setImage("nginx:1.24.0-errors50");
    const plan = await story.ends("nginx:1.24.0-errors50");
    expect(plan.status?.phase).toBe("RolledBack");
    expect(secondsUntil(plan, "AnalysisFailed")).toBeLessThan(12);
    expect(told(plan, "AnalysisFailed")).toMatch(/errors: failed \(1\) > failureLimit \(0\); .*canary/);
  });

  it("one that takes 800 ms is caught too", async () => {
    await story.setImage("nginx:1.24.0-delay800");
    const plan = await story.ends("nginx:1.24.0-delay800");
    expect(plan.status?.phase).toBe("RolledBack");
    expect(told(plan, "AnalysisFailed")).toMatch(/p99: failed \(1\) > failureLimit \(0\); .*took longer than 500ms/);
  });

  it("a good one is promoted, with the numbers that it passed with; its metrics may come from a template", async () => {
    const template = {
      apiVersion: "serin.dev/v1alpha1",
      kind: "MetricTemplate",
      metadata: { name: "good-requests" },
      spec: {
        args: [
          { name: "least", type: "Number", default: "0.9" },
          { name: "codes", description: "What is bad, as a regular expression." },
        ],
        metric: {
          interval: "2s",
          successCondition: "result[0] >= {{args.least}}",
          provider: {
            prometheus: {
              query: [
                '1 - (sum(rate(istio_requests_total{destination_canonical_revision="{{args.canary-hash}}",response_code=~"{{args.codes}}"}[10s])) or vector(0))',
                '/ sum(rate(istio_requests_total{destination_canonical_revision="{{args.canary-hash}}"}[10s]))',
              ].join(" "),
            },
          },
        },
      },
    };
    await story.lab.apply(stringify(template));
    const templated = { name: "share", templateRef: { name: "good-requests", args: [{ name: "codes", value: "5.*" }] } };
    const analysis = { metrics: [...metrics, templated] };
    await story.policy({ steps: steps([5, "10s"], [50, "4s"]), analysis, revertAfter: "1s" });
    await story.setImage("nginx:1.25.0");
    const plan = await story.ends("nginx:1.25.0");
    expect(plan.status).toMatchObject({
      phase: "Promoted",
      metrics: [
        { name: "errors", phase: "Successful", failed: 0 },
        { name: "p99", phase: "Successful", failed: 0, counted: { boundMs: 500 } },
        { name: "share", phase: "Successful", failed: 0 },
      ],
    });
    const conditions = JSON.parse(await story.kubectl("get", "cpol", "policy", "-o", "json")).status.conditions as Array<{ type: string }>;
    expect(conditions).toMatchObject([
      { type: "Accepted", status: "True" },
      { type: "Unjudged", status: "False" },
    ]);
    const report = await story.stopLoad();
    expect(report.failures.filter(({ status }) => status !== 500 && status !== 503)).toEqual([]);
    const events = await story.stopRecording();
    expect(checkInvariants(events)).toEqual([]);
    expect(checkRoutesRestored(events)).toEqual([]);
  });
});

const entry = (plan: CanaryPlan, reason: string) => plan.status?.journal?.find((each) => each.reason === reason);
const told = (plan: CanaryPlan, reason: string): string => entry(plan, reason)?.message ?? "";
/** Seconds from the canary's first weight to that decision. */
const secondsUntil = (plan: CanaryPlan, reason: string): number => {
  const first = plan.status?.journal?.find(({ message }) => message.includes("weight 0 → 5"));
  return (Date.parse(entry(plan, reason)?.at ?? "") - Date.parse(first?.at ?? "")) / 1_000;
};
