import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import type { CanaryPlan } from "../../src/api/plan.ts";
import { whenDrained } from "./envoyWeight.ts";
import type { LoadReport } from "./load/loadReport.ts";
import { checkInvariants, checkRoutesRestored } from "./recorder/invariants.ts";
import { type Story, steps, tell } from "./story.ts";

const metrics = [
  { name: "errors", builtin: { successRate: {} } },
  { name: "p99", builtin: { latency: { quantile: 0.99, max: "500ms" } } },
];

const judgedBy = { analysis: { metrics }, revertAfter: "1s", onRepeat: "Retry" };

describe("a policy of built-ins alone, under 100 requests a second, scraped every two seconds", () => {
  let story: Story;
  beforeAll(async () => {
    story = await tell();
    await story.policy({ steps: steps([5, "10s"], [50, "4s"]), ...judgedBy });
    await story.shop({ replicas: 4 });
    await story.record();
  });
  afterAll(() => story?.stop());

  it.each([
    { bad: "errors50", within: 12, says: /errors: failed \(1\) > failureLimit \(0\); .*canary/ },
    { bad: "errors5", within: 60, says: /errors: failed \(1\) > failureLimit \(0\); .*canary/ },
    // A cold process is slow: the first 30 s of a canary say nothing about its latency.
    { bad: "delay800", within: 60, says: /p99: failed \(1\) > failureLimit \(0\); .*took longer than 500ms/ },
  ])("a release with $bad is back at weight 0 within $within s of its first answer", async ({ bad, within, says }) => {
    const image = `nginx:1.24.0-${bad}`;
    await story.load(100);
    await story.setImage(image);
    const { spec } = await story.plan(image);
    const drainedAt = await whenDrained(spec.canary.hash);
    const plan = await story.ends(image);
    expect(plan.status?.phase).toBe("RolledBack");
    expect(told(plan, "AnalysisFailed")).toMatch(says);
    const report = await story.stopLoad();
    expect(report.failures.filter(({ status }) => status !== 503)).toEqual([]);
    const seconds = (drainedAt - firstAnswerOf(report, `nginx/1.24.0-${bad}`)) / 1_000;
    const { total = 0, byStatus = {} } = report.byVersion[`nginx/1.24.0-${bad}`] ?? {};
    console.log(
      `-${bad}: ${seconds.toFixed(1)} s from its first answer to weight 0; ${byStatus["503"] ?? 0} of its ${total} answers failed`,
    );
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThan(within);
  });

  it("a good one is promoted with the numbers that it passed with, also by a metric of a template", async () => {
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
    await story.load(100);
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
    expect((await story.stopLoad()).failures).toEqual([]);
  });

  describe.runIf(process.env["SOAK"])("20 good releases in a row", () => {
    it.each(Array.from({ length: 20 }, (_, index) => `nginx:2.0.${index}`))("%s is promoted", async (image) => {
      await story.policy({ steps: steps([20, "2s"], [60, "1s"]), ...judgedBy });
      await story.load(100);
      await story.setImage(image);
      const { status } = await story.ends(image);
      expect(status?.phase).toBe("Promoted");
      expect(status?.metrics).toMatchObject(metrics.map(({ name }) => ({ name, phase: "Successful", failed: 0 })));
      expect((await story.stopLoad()).failures).toEqual([]);
    });
  });

  it("through all of it the invariants held", async () => {
    const events = await story.stopRecording();
    expect(checkInvariants(events)).toEqual([]);
    expect(checkRoutesRestored(events)).toEqual([]);
  });
});

const told = (plan: CanaryPlan, reason: string): string => plan.status?.journal?.find((each) => each.reason === reason)?.message ?? "";
/** When the first request was due that this version answered. */
const firstAnswerOf = ({ timeline }: LoadReport, version: string): number =>
  Math.min(...timeline.filter((row) => row.version === version).map(({ at }) => at));
