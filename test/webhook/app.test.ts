import { gzipSync } from "node:zlib";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { logLine } from "../../src/api/logLine.ts";
import { openLog } from "../../src/bin/log.ts";
import type { ReviewWorld } from "../../src/webhook/admitReview.ts";
import { webhookApp } from "../../src/webhook/app.ts";
import { longestReview } from "../../src/webhook/bodies.ts";
import { counters as newCounters } from "../../src/webhook/counters.ts";
import { aSidecarPolicy } from "../build/sidecarPolicy.ts";
import { held, image, plan, unpaused, web, world } from "../core/admission/build.ts";
import { patchOf, responseOf, reviewOf } from "./reviews.ts";

function webhook(around: () => ReviewWorld = () => world()) {
  const lines: Array<Record<string, unknown>> = [];
  // Each line of each test has the published shape.
  const log = openLog("webhook", "serin-webhook-x", "debug", { write: (line) => void lines.push(logLine.parse(JSON.parse(line))) });
  const counters = newCounters();
  const noted: string[][] = [];
  let draining = false;
  const app = webhookApp({
    world: around,
    log,
    counters,
    denials: { note: (review, admission) => void noted.push([review.uid, admission.decision]) },
    isDraining: () => draining,
  });
  const post = (body: string | object, type = "application/json") =>
    request(app)
      .post("/mutate")
      .set("Content-Type", type)
      .send(typeof body === "string" ? body : JSON.stringify(body));
  return {
    app,
    post,
    lines,
    counters,
    noted,
    drain: () => {
      draining = true;
    },
  };
}

const change = reviewOf(web(), web(image("nginx:1.24")));

describe("a review", () => {
  it("of an image change is answered with the patch, the warnings and the audit annotations", async () => {
    const { post } = webhook();
    const { status, body, headers } = await post(change);
    expect(status).toBe(200);
    expect(body).toMatchObject({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview" });
    expect(responseOf(body)).toMatchObject({ uid: "705ab4f5-6393-11e8-b7cc-42010a800002", allowed: true, patchType: "JSONPatch" });
    expect(patchOf(body).map(({ path }) => path)).toEqual([
      "/spec/paused",
      "/metadata/annotations",
      "/metadata/annotations/serin.dev~1intent",
    ]);
    expect(responseOf(body).warnings?.[0]).toMatch(/^serin: canary plan web-/);
    expect(responseOf(body).auditAnnotations).toMatchObject({ decision: "Held", policy: "everything" });
    expect(headers["content-type"]).toMatch("application/json");
    expect(headers).not.toHaveProperty("x-powered-by");
  });

  it("of a change that is refused says why, as Forbidden", async () => {
    const { post } = webhook(() => world({ plans: [plan()] }));
    const resume = reviewOf(web(held()), web(held(), unpaused), { options: { fieldManager: "kubectl-rollout" } });
    const { status, body } = await post(resume);
    expect(status).toBe(200);
    expect(responseOf(body)).toMatchObject({ allowed: false, status: { code: 403, reason: "Forbidden" } });
    expect(responseOf(body).status?.message).toMatch("To cancel: kubectl set image deploy/web -n shop nginx=nginx:1.23");
    expect(responseOf(body)).not.toHaveProperty("patch");
  });

  it("comes with kube-apiserver's time limit in the query, and with a charset", async () => {
    const { app } = webhook();
    const asked = request(app).post("/mutate?timeout=3s").set("Content-Type", "Application/JSON; charset=utf-8");
    expect((await asked.send(JSON.stringify(change))).status).toBe(200);
  });

  it("that is a dry-run gets the same patch", async () => {
    const { post } = webhook();
    const dry = await post(reviewOf(web(), web(image("nginx:1.24")), { dryRun: true }));
    expect(patchOf(dry.body)).toEqual(patchOf((await post(change)).body));
  });

  it("of a plan is stamped, of a VirtualService without a plan left alone", async () => {
    const { post } = webhook();
    const kind = { group: "serin.dev", version: "v1alpha1", kind: "CanaryPlan" };
    const spec = (control: object) => ({ metadata: { name: "web-abcde", uid: "plan-1" }, spec: { control } });
    const stamped = await post(reviewOf(spec({}), spec({ abort: {} }), { kind }));
    expect(patchOf(stamped.body)).toEqual([
      { op: "add", path: "/spec/control/abort/by", value: "ben" },
      { op: "add", path: "/spec/control/abort/at", value: "2026-11-23T10:00:00.000Z" },
      { op: "add", path: "/spec/control/abort/key", value: "k2" },
      { op: "add", path: "/spec/control/abort/mac", value: expect.stringMatching(/^[\w-]{43}$/) },
    ]);
    const istio = { group: "networking.istio.io", version: "v1", kind: "VirtualService" };
    const route = { spec: { http: [{ route: [{ destination: { host: "web" } }] }] } };
    expect(responseOf((await post(reviewOf(route, route, { kind: istio }))).body)).toEqual({ uid: expect.any(String), allowed: true });
  });

  it("of a pod that is made is answered with what policies add, also before it has a name", async () => {
    const { post, lines, counters } = webhook(() => world({ policies: [], sidecarPolicies: [aSidecarPolicy()] }));
    const kind = { group: "", version: "v1", kind: "Pod" };
    const made = { metadata: { generateName: "web-" }, spec: { containers: [{ name: "web", image: "web:1" }] } };
    const { body } = await post(reviewOf(null, made, { kind, operation: "CREATE", name: "" }));
    expect(patchOf(body).map(({ path }) => path)).toEqual(["/spec/volumes", "/spec/initContainers"]);
    expect(responseOf(body).auditAnnotations).toMatchObject({ decision: "Equipped", reason: "SidecarsAdded", policy: "tracing" });
    expect(lines.at(-1)).toMatchObject({ kind: "/Pod", name: "", decision: "Equipped", operations: 2, policy: "tracing" });
    expect(await counters.render()).toContain('serin_webhook_sidecar_findings_total{finding="Added"} 2\n');
    const shapeless = await post(
      reviewOf(null, { metadata: {}, spec: { containers: [{ image: "nameless" }] } }, { kind, operation: "CREATE" }),
    );
    expect(responseOf(shapeless.body)).toMatchObject({ allowed: false, status: { code: 400 } });
    expect(shapeless.status).toBe(400);
  });

  it("of a kind that nobody asked for is let through", async () => {
    const { post } = webhook();
    const { body } = await post(reviewOf({}, {}, { kind: { group: "", version: "v1", kind: "Secret" } }));
    expect(responseOf(body)).toEqual({ uid: expect.any(String), allowed: true });
  });
});

describe("what is no review", () => {
  const deep = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;
  const cases: Record<string, { body: string; type?: string; status: number; says: string }> = {
    "bad JSON": { body: "{", status: 400, says: "it is not JSON" },
    nothing: { body: "", status: 400, says: "it is not JSON" },
    "a list": { body: "[]", status: 400, says: "it is no AdmissionReview" },
    "another version": {
      body: '{"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview"}',
      status: 400,
      says: "it is no AdmissionReview",
    },
    "a review without a request": {
      body: '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}',
      status: 400,
      says: "it has no request",
    },
    "a request without a uid": {
      body: '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{}}',
      status: 400,
      says: "no uid",
    },
    "300,000 members": { body: `[${"[],".repeat(300_000)}1]`, status: 400, says: "too many members" },
    "a million levels": { body: deep(1_000_000), status: 400, says: "it nests too deep" },
    "100,000 levels": { body: deep(100_000), status: 400, says: "it is no AdmissionReview" },
    "another content type": { body: "{}", type: "text/plain", status: 415, says: "content type must be application/json" },
    "one byte more than 7 MiB": { body: `"${"x".repeat(longestReview - 1)}"`, status: 413, says: "a review has at most 7340032 bytes" },
  };
  for (const [what, { body, type, status, says }] of Object.entries(cases)) {
    it(`is refused: ${what}`, async () => {
      const { post, counters } = webhook();
      const answer = await post(body, type);
      expect(answer.status).toBe(status);
      expect(answer.text).toContain(says);
      expect(await counters.render()).toContain(`serin_webhook_refused_total{status="${status}"} 1`);
    });
  }

  it("is a template of 100,000 levels: 400 in a review", async () => {
    const { post } = webhook();
    const { status, body } = await post(JSON.stringify(change).replaceAll('"containers":', `"x":${deep(100_000)},"containers":`));
    expect(status).toBe(400);
    expect(responseOf(body).status?.message).toBe("serin: not an admission review: it nests too deep");
  });

  it("is refused when it is compressed: what it grows to is unknown", async () => {
    const { app } = webhook();
    const bomb = gzipSync(Buffer.alloc(longestReview * 4, " "));
    for (const encoding of ["gzip", "deflate", "br", "identity, gzip"]) {
      const answer = await request(app)
        .post("/mutate")
        .set("Content-Type", "application/json")
        .set("Content-Encoding", encoding)
        .send(bomb);
      expect(answer.status).toBe(415);
    }
  });

  it("is refused elsewhere and by other methods", async () => {
    const { app } = webhook();
    expect((await request(app).get("/mutate")).status).toBe(404);
    expect((await request(app).post("/").send({})).status).toBe(404);
    expect((await request(app).post("/mutate/").send({})).status).toBe(404);
  });

  it("is a Deployment of another shape: 400 in a review, so the failurePolicy decides", async () => {
    const { post } = webhook();
    for (const object of [{}, null, { metadata: {}, spec: {} }, { ...web(), spec: { template: { spec: { containers: {} } } } }]) {
      const { status, body } = await post(reviewOf(web(), object));
      expect(status).toBe(400);
      expect(responseOf(body)).toMatchObject({
        uid: expect.any(String),
        allowed: false,
        status: { code: 400, message: "serin: not an admission review: it holds no Deployment" },
      });
    }
  });
});

it("two objects of 3 MB are answered", async () => {
  const big = (deployment: ReturnType<typeof web>) => ({
    ...deployment,
    metadata: { ...deployment.metadata, annotations: { big: "x".repeat(3_000_000) } },
  });
  const { status, body } = await webhook().post(reviewOf(big(web()), big(web(image("nginx:1.24")))));
  expect(status).toBe(200);
  expect(responseOf(body).allowed).toBe(true);
});

describe("hostile keys", () => {
  for (const key of ["__proto__", "constructor", "prototype", "toString"]) {
    it(`${key} in annotations, labels, containers and everywhere else does no harm`, async () => {
      const evil = `{"${key}":{"polluted":"yes"}}`;
      const text = JSON.stringify(reviewOf(web(), web(image("nginx:1.24"))))
        .replaceAll('"labels":{', `"${key}":${evil},"annotations":{"${key}":"polluted"},"labels":{"${key}":"polluted",`)
        .replaceAll('"name":"nginx"', `"name":"${key}","${key}":${evil}`)
        .replace('"request":{', `"${key}":${evil},"request":{"${key}":${evil},`);
      const { status, body } = await webhook().post(text);
      expect(status).toBe(200);
      expect(responseOf(body).allowed).toBe(true);
      expect(responseOf(body).auditAnnotations?.["decision"]).toBe("Held");
      expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
      expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain("polluted");
    });
  }
});

describe("a fault of ours", () => {
  const broken = (): ReviewWorld => {
    throw new Error("secret detail");
  };

  it("is a review with its uid and status 500, and no detail", async () => {
    const { post, lines } = webhook(broken);
    const { status, body, text } = await post(change);
    expect(status).toBe(500);
    expect(responseOf(body)).toMatchObject({ uid: "705ab4f5-6393-11e8-b7cc-42010a800002", allowed: false, status: { code: 500 } });
    expect(text).not.toContain("secret detail");
    expect(lines.find((line) => line["msg"] === "admission failed")).toMatchObject({
      level: "error",
      request: "705ab4f5-6393-11e8-b7cc-42010a800002",
    });
  });

  it("does not end it", async () => {
    let calls = 0;
    const { post } = webhook(() => (calls++ === 0 ? broken() : world()));
    await post(change);
    expect((await post(change)).status).toBe(200);
  });
});

describe("the log", () => {
  it("has one line for each review, all with the same fields, and nothing of the objects", async () => {
    const { post, lines } = webhook();
    await post(reviewOf(web(), web(image("a-secret-registry/nginx:1.24\n\u001b[31m"))));
    await post(reviewOf(web(), web()));
    const reviews = lines.filter((line) => line["decision"] !== undefined);
    expect(reviews.map((line) => Object.keys(line).filter((key) => !["plan", "policy"].includes(key)))).toEqual(
      Array(2)
        .fill(
          [
            "level",
            "time",
            "component",
            "instance",
            "request",
            "kind",
            "namespace",
            "name",
            "user",
            "fieldManager",
            "dryRun",
            "decision",
            "reason",
            "operations",
            "ms",
            "msg",
          ].sort(),
        )
        .map((keys) => expect.toSatisfy((found: string[]) => [...found].sort().join() === keys.join())),
    );
    expect(reviews.map((line) => [line["level"], line["reason"]])).toEqual([
      ["info", "ImageChanged"],
      ["debug", "NothingAsked"],
    ]);
    expect(JSON.stringify(lines)).not.toContain("a-secret-registry");
  });
});

it("counts what it decided", async () => {
  const { post, counters } = webhook();
  await post(change);
  expect(await counters.render()).toContain(
    'serin_webhook_decisions_total{kind="apps/Deployment",decision="Held",reason="ImageChanged"} 1',
  );
  expect(await counters.render()).toContain('serin_webhook_request_duration_seconds_count{kind="apps/Deployment"} 1');
});

it("asks its clients to go elsewhere while it drains", async () => {
  const { post, drain } = webhook();
  const keptAlive = () => post(change).set("Connection", "keep-alive");
  expect((await keptAlive()).headers["connection"]).toBe("keep-alive");
  drain();
  expect(await keptAlive()).toMatchObject({ status: 200, headers: { connection: "close" } });
});
