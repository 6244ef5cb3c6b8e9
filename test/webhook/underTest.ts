import request from "supertest";
import { logLine } from "../../src/api/logLine.ts";
import { openLog } from "../../src/bin/log.ts";
import type { ReviewWorld } from "../../src/webhook/admitReview.ts";
import { webhookApp } from "../../src/webhook/app.ts";
import { counters as newCounters } from "../../src/webhook/counters.ts";
import { image, web, world } from "../core/admission/build.ts";
import { reviewOf } from "./reviews.ts";

/** The webhook's app without a server, and what it logged and counted. */
export function webhook(around: () => ReviewWorld = () => world()) {
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

/** Of an image. */
export const change = reviewOf(web(), web(image("nginx:1.24")));
