import { gzipSync } from "node:zlib";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { longestReview } from "../../src/webhook/bodies.ts";
import { image, web } from "../core/admission/build.ts";
import { responseOf, reviewOf } from "./reviews.ts";
import { change, webhook } from "./underTest.ts";

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
