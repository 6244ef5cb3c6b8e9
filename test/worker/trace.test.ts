import type { Logger } from "pino";
import { afterEach, describe, expect, it, test } from "vitest";
import type { CanaryPlan } from "../../src/api/plan.ts";
import { traceOf } from "../../src/core/trace/spans.ts";
import { systemClock } from "../../src/worker/queue.ts";
import { type TraceSettings, traceSettings } from "../../src/worker/trace/settings.ts";
import { createTracer } from "../../src/worker/trace/tracer.ts";
import { entry } from "../build/notification.ts";
import { aPlan, inPhase, withJournal, withStatus } from "../build/plan.ts";
import { at, start } from "../build/story.ts";
import { until } from "../lab/until.ts";
import { receiver, says } from "./notify/receiver.ts";

const ends: Array<() => unknown> = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const lost: string[] = [];
const log = { warn: (_: object, message: string) => lost.push(message) } as unknown as Logger;

async function aTracer(answer: Parameters<typeof receiver>[0], plans: CanaryPlan[] = [], env: Record<string, string> = {}) {
  const server = await receiver(answer);
  const settings = traceSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: server.address, ...env }, () => {});
  const tracer = createTracer({ ...(settings as TraceSettings), log, clock: systemClock, now: () => start + 110_000 });
  const over = new AbortController();
  tracer.lead({ plans: () => plans, policy: () => undefined, lookAtPolicy: () => {} }, over.signal);
  ends.push(async () => {
    over.abort();
    await tracer.close();
    await server.close();
  });
  return { got: server.got, tracer };
}

const journal = withJournal(entry(0, "PlanCreated"), entry(5, "TrafficWeightUpdated", "step 1/4: weight 0 → 30"));
const live = aPlan(journal);
const ended = aPlan(journal, inPhase("Promoted"), withStatus({ startedAt: at(0), finishedAt: at(100) }));

interface Sent {
  resourceSpans: Array<{ resource: { attributes: object[] }; scopeSpans: Array<{ spans: Array<{ name: string; traceId: string }> }> }>;
}

describe("a trace", () => {
  it("is sent once, when the plan has ended", async () => {
    const { got, tracer } = await aTracer(says(200, {}, "{}"), [], {
      OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=team%20a, authorization=Bearer%20t",
      OTEL_SERVICE_NAME: "canaries",
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment=prod",
    });
    tracer.changed(live);
    tracer.changed(ended);
    tracer.changed(ended);
    await until("the trace", async () => got.length > 0);
    expect(got).toMatchObject([
      { path: "/v1/traces", headers: { "content-type": "application/json", "x-tenant": "team a", authorization: "Bearer t" } },
    ]);
    const [resource] = (JSON.parse(got[0]?.body ?? "") as Sent).resourceSpans;
    expect(resource?.resource.attributes).toEqual([
      { key: "deployment.environment", value: { stringValue: "prod" } },
      { key: "service.name", value: { stringValue: "canaries" } },
    ]);
    expect(resource?.scopeSpans[0]?.spans.map(({ name }) => name)).toEqual(["canary", "prepare", "setWeight 30"]);
    expect(resource?.scopeSpans[0]?.spans[0]?.traceId).toBe(traceOf(ended)?.id);
  });

  it("of a plan that ended just before is the new leader's to send; of one that ended long ago nobody's", async () => {
    const old = aPlan(
      ({ metadata }) => void Object.assign(metadata, { uid: "old" }),
      inPhase("Promoted"),
      withStatus({ finishedAt: at(10) }),
    );
    const { got } = await aTracer(says(200), [old, ended]);
    await until("the trace", async () => got.length > 0);
    expect(got.map(({ body }) => (JSON.parse(body) as Sent).resourceSpans[0]?.scopeSpans[0]?.spans[0]?.traceId)).toEqual([
      traceOf(ended)?.id,
    ]);
  });

  it("that a collector does not take is sent again; one that hangs delays nothing", async () => {
    const { got, tracer } = await aTracer(
      (response, _got, count) => {
        if (count > 1) response.writeHead(200).end();
        // The first one is never answered.
      },
      [],
      { OTEL_EXPORTER_OTLP_TIMEOUT: "100" },
    );
    // No promise that anybody could wait for.
    expect(tracer.changed(ended)).toBeUndefined();
    await until("the second attempt", async () => got.length === 2, 5);
    expect(got[1]?.body).toBe(got[0]?.body);
  });
});

describe("where traces go, by OpenTelemetry's own names", () => {
  const told: string[] = [];
  const read = (env: Record<string, string>) => traceSettings(env, (message) => told.push(message));

  test("off, unless an endpoint is named; off again by OTEL_SDK_DISABLED or OTEL_TRACES_EXPORTER=none", () => {
    const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318" };
    expect(read({})).toBeUndefined();
    expect(read({ OTEL_EXPORTER_OTLP_ENDPOINT: "" })).toBeUndefined();
    expect(read({ ...endpoint, OTEL_SDK_DISABLED: "true" })).toBeUndefined();
    expect(read({ ...endpoint, OTEL_TRACES_EXPORTER: "none" })).toBeUndefined();
    expect(read(endpoint)).toMatchObject({ timeoutMs: 10_000, headers: {}, resource: { "service.name": "serin" } });
  });

  test("the general endpoint gets the path, the one for traces is taken as it is", () => {
    expect(String(read({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318/otlp/" })?.url)).toBe("http://c:4318/otlp/v1/traces");
    expect(String(read({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://c/in", OTEL_EXPORTER_OTLP_ENDPOINT: "http://d" })?.url)).toBe(
      "https://c/in",
    );
  });

  test("what can't be used is said, and the worker goes on without", () => {
    expect(read({ OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4317" })).toBeUndefined();
    expect(read({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4317", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" })).toBeUndefined();
    expect(told).toEqual([
      expect.stringMatching(/^no traces are sent: OTEL_EXPORTER_OTLP_ENDPOINT is no http or https URL/),
      expect.stringMatching(/^no traces are sent: OTEL_EXPORTER_OTLP_PROTOCOL grpc is not spoken/),
    ]);
  });
});
