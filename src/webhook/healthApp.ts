import express, { type Express } from "express";

export interface Health {
  /** What it still waits for; empty when it is ready. */
  notReady(): readonly string[];
  metrics(): string;
}

/** On a port of its own, in plain HTTP: the kubelet has no certificate, and a flood of reviews must not hide that we live. */
export function healthApp({ notReady, metrics }: Health): Express {
  const app = express().disable("x-powered-by").disable("etag");
  app.get("/healthz", (_request, response) => {
    response.type("text/plain").send("ok\n");
  });
  app.get("/readyz", (_request, response) => {
    const waiting = notReady();
    response
      .status(waiting.length === 0 ? 200 : 503)
      .type("text/plain")
      .send(waiting.length === 0 ? "ok\n" : `waiting for ${waiting.join(", ")}\n`);
  });
  app.get("/metrics", (_request, response) => {
    response.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8").send(metrics());
  });
  return app;
}
