import express, { type Express } from "express";

export interface Health {
  /** What it still waits for; empty when it is ready. */
  notReady(): readonly string[];
  /** Text for `/metrics`, and its content type. */
  metrics(): Promise<string>;
  contentType: string;
}

/** On a port of its own, in plain HTTP: the kubelet has no certificate, and a flood of reviews must not hide that we live. */
export function healthApp({ notReady, metrics, contentType }: Health): Express {
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
  app.get("/metrics", async (_request, response) => {
    const text = await metrics();
    // As bytes: for a text express would put its own charset in front.
    response.set("Content-Type", contentType).send(Buffer.from(text));
  });
  return app;
}
