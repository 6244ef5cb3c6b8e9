import request from "supertest";
import { expect, it } from "vitest";
import { healthApp } from "../../src/webhook/healthApp.ts";

it("lives as soon as it answers, and is ready when nothing is missing any more", async () => {
  let waiting = ["policies", "certificate"];
  const app = healthApp({
    notReady: () => waiting,
    metrics: () => Promise.resolve("serin_x 1\n"),
    contentType: "text/plain; version=0.0.4; charset=utf-8",
  });
  expect((await request(app).get("/healthz")).status).toBe(200);
  expect(await request(app).get("/readyz")).toMatchObject({ status: 503, text: "waiting for policies, certificate\n" });
  waiting = [];
  expect(await request(app).get("/readyz")).toMatchObject({ status: 200, text: "ok\n" });
  expect(await request(app).get("/metrics")).toMatchObject({
    status: 200,
    text: "serin_x 1\n",
    headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
  });
});
