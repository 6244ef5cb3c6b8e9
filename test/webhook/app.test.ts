import request from "supertest";
import { describe, expect, it } from "vitest";
import type { ReviewWorld } from "../../src/webhook/admitReview.ts";
import { aSidecarPolicy } from "../build/sidecarPolicy.ts";
import { held, image, plan, unpaused, web, world } from "../core/admission/build.ts";
import { patchOf, responseOf, reviewOf } from "./reviews.ts";
import { change, webhook } from "./underTest.ts";

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

it("two objects of 3 MB are answered", async () => {
  const big = (deployment: ReturnType<typeof web>) => ({
    ...deployment,
    metadata: { ...deployment.metadata, annotations: { big: "x".repeat(3_000_000) } },
  });
  const { status, body } = await webhook().post(reviewOf(big(web()), big(web(image("nginx:1.24")))));
  expect(status).toBe(200);
  expect(responseOf(body).allowed).toBe(true);
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
