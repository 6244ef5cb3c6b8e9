import { describe, expect, it } from "vitest";
import { otlpTrace } from "../../../src/core/trace/otlp.ts";
import { type Span, traceOf } from "../../../src/core/trace/spans.ts";
import { entry } from "../../build/notification.ts";
import {
  aMeasurement,
  aMetricStatus,
  aPlan,
  because,
  inPhase,
  requestedBy,
  withJournal,
  withMetricStatus,
  withStatus,
} from "../../build/plan.ts";
import { at, start } from "../../build/story.ts";

const seconds = (time: string) => (Date.parse(time) - start) / 1_000;

/** `name from–to (parent)`. */
function told(spans: readonly Span[]): string[] {
  const nameOf = (id: string | undefined) => spans.find((span) => span.id === id)?.name;
  return spans.map(
    ({ name, start: from, end, parent }) => `${name} ${seconds(from)}–${seconds(end)}${parent ? ` (${nameOf(parent)})` : ""}`,
  );
}

const promoted = aPlan(
  requestedBy({ at: at(-1) }),
  inPhase("Promoted"),
  because("Promoted", "nginx:1.24.0 serves everything"),
  withStatus({ startedAt: at(0), finishedAt: at(100) }),
  withMetricStatus(aMetricStatus({ measurements: [aMeasurement({ startedAt: at(20), finishedAt: at(21) })] })),
  withJournal(
    entry(0, "PlanCreated"),
    entry(5, "TrafficWeightUpdated", "step 1/3: weight 0 → 30"),
    entry(12, "PausedForApproval", "step 2/3 waits for approval"),
    entry(40, "Approved"),
    entry(41, "TrafficWeightUpdated", "step 3/3: weight 30 → 60"),
    entry(80, "Promoting"),
    entry(100, "Promoted"),
  ),
);

const rolledBack = aPlan(
  inPhase("RolledBack"),
  because("RolledBack", "errors: failed (1) > failureLimit (0); nginx:1.23.0 serves again"),
  withStatus({ startedAt: at(0), finishedAt: at(50) }),
  withMetricStatus(
    aMetricStatus({
      name: "errors",
      measurements: [aMeasurement({ startedAt: at(18), finishedAt: at(19), verdict: "fail", message: "errors [0.5] does not meet" })],
    }),
  ),
  withJournal(
    entry(0, "PlanCreated"),
    entry(8, "TrafficWeightUpdated", "step 1/2: weight 0 → 30"),
    entry(19, "AnalysisFailed", "errors: failed (1) > failureLimit (0)"),
    entry(20, "CanaryTrafficStopped"),
    entry(50, "RolledBack"),
  ),
);

describe("the trace of a plan", () => {
  it("promoted: prepare, each weight, the promotion; pauses and measurements inside; entries as events", () => {
    const { spans = [] } = traceOf(promoted) ?? {};
    expect(told(spans)).toEqual([
      "canary -1–100",
      "prepare 0–5 (canary)",
      "setWeight 30 5–41 (canary)",
      "setWeight 60 41–80 (canary)",
      "promote 80–100 (canary)",
      "pause 12–40 (setWeight 30)",
      "measure success-rate 20–21 (setWeight 30)",
    ]);
    expect(spans[0]?.outcome).toEqual({ ok: true, message: "nginx:1.24.0 serves everything" });
    expect(spans[0]?.attributes).toMatchObject({
      "k8s.namespace.name": "shop",
      "k8s.deployment.name": "nginx",
      "serin.plan": "nginx-x7k2m",
      "serin.policy": "default",
      "serin.outcome": "Promoted",
      "serin.image.canary": "nginx:1.24.0",
      "serin.request.user": "alice",
    });
    expect(spans[2]?.events.map(({ name }) => name)).toEqual(["TrafficWeightUpdated", "PausedForApproval", "Approved"]);
  });

  it("rolled back: an error with the sentence of the plan, and the measurement that broke the limit", () => {
    const { spans = [] } = traceOf(rolledBack) ?? {};
    expect(told(spans)).toEqual([
      "canary 0–50",
      "prepare 0–8 (canary)",
      "setWeight 30 8–19 (canary)",
      "rollback 19–50 (canary)",
      "measure errors 18–19 (setWeight 30)",
    ]);
    expect(spans[0]?.outcome).toEqual({ ok: false, message: rolledBack.status?.message });
    expect(spans[3]?.attributes).toEqual({ "serin.reason": "AnalysisFailed" });
    expect(spans[4]?.outcome).toEqual({ ok: false, message: "errors [0.5] does not meet" });
  });

  it("is the same for whoever makes it, and another for another plan; each span has an id of its own", () => {
    const trace = traceOf(promoted);
    expect(traceOf(structuredClone(promoted))).toEqual(trace);
    expect(trace?.id).toMatch(/^[0-9a-f]{32}$/);
    expect(new Set(trace?.spans.map(({ id }) => id)).size).toBe(trace?.spans.length);
    expect(trace?.spans.every(({ id }) => /^[0-9a-f]{16}$/.test(id))).toBe(true);
    const other = aPlan(({ metadata }) => void Object.assign(metadata, { uid: "other" }), inPhase("Promoted"));
    expect(traceOf(other)?.id).not.toBe(trace?.id);
  });

  it("cancelled by an uninstallation: that is a stage, too; a time that is none is nobody's fault", () => {
    const uninstalled = aPlan(
      inPhase("Cancelled"),
      withStatus({ startedAt: at(0), finishedAt: at(50) }),
      withJournal(entry(0, "PlanCreated"), entry(20, "Uninstalling"), { ...entry(30, "CanaryTrafficStopped"), at: "soon" }),
    );
    const trace = traceOf(uninstalled);
    expect(told(trace?.spans ?? [])).toContain("cancel 20–50 (canary)");
    expect(JSON.stringify(trace && otlpTrace(trace, {}, "0.1.0"))).toContain('{"timeUnixNano":"0","name":"CanaryTrafficStopped"');
  });

  it("is none while the plan lives, and for a bypass", () => {
    expect(traceOf(aPlan())).toBeUndefined();
    expect(traceOf(aPlan(inPhase("Bypassed"), ({ spec }) => void delete spec.request))).toBeUndefined();
  });

  it("in OTLP's JSON: ids in hexadecimal, times and integers as text, kinds as numbers", () => {
    const trace = traceOf(rolledBack);
    if (!trace) throw new Error("no trace");
    const sent = otlpTrace(trace, { "service.name": "serin" }, "0.1.0") as {
      resourceSpans: Array<{ resource: object; scopeSpans: Array<{ scope: object; spans: object[] }> }>;
    };
    const [resource] = sent.resourceSpans;
    expect(resource?.resource).toEqual({ attributes: [{ key: "service.name", value: { stringValue: "serin" } }] });
    expect(resource?.scopeSpans[0]?.scope).toEqual({ name: "serin", version: "0.1.0" });
    expect(resource?.scopeSpans[0]?.spans[4]).toEqual({
      traceId: trace.id,
      spanId: trace.spans[4]?.id,
      parentSpanId: trace.spans[2]?.id,
      name: "measure errors",
      kind: 1,
      startTimeUnixNano: `${start + 18_000}000000`,
      endTimeUnixNano: `${start + 19_000}000000`,
      attributes: [
        { key: "serin.metric", value: { stringValue: "errors" } },
        { key: "serin.verdict", value: { stringValue: "fail" } },
        { key: "serin.weight", value: { intValue: "30" } },
        { key: "serin.counted", value: { boolValue: true } },
        { key: "serin.value", value: { stringValue: "[0.99]" } },
      ],
      events: [],
      status: { code: 2, message: "errors [0.5] does not meet" },
    });
  });
});
