import { register } from "prom-client";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { release } from "../../src/api/names.ts";
import { counters } from "../../src/webhook/counters.ts";
import { healthApp } from "../../src/webhook/healthApp.ts";
import { textOf } from "../house/sources.ts";

const lines = (text: string, start: string) => text.split("\n").filter((line) => line.startsWith(start));

describe("the webhook's figures", () => {
  it("count decisions, refusals and drops, and time the reviews of each kind", async () => {
    const { decided, refused, dropped, found, render } = counters();
    decided("apps/Deployment", "Held", "ImageChanged", 2);
    decided("apps/Deployment", "Held", "ImageChanged", 30);
    decided("other", "Untouched", "NotForUs", 0.1);
    refused(413);
    dropped();
    found("NameTaken");
    const text = await render();
    expect(lines(text, "serin_webhook_decisions_total{")).toEqual([
      'serin_webhook_decisions_total{kind="apps/Deployment",decision="Held",reason="ImageChanged"} 2',
      'serin_webhook_decisions_total{kind="other",decision="Untouched",reason="NotForUs"} 1',
    ]);
    expect(text).toContain('serin_webhook_refused_total{status="413"} 1\n');
    expect(text).toContain("serin_webhook_connections_dropped_total 1\n");
    expect(text).toContain('serin_webhook_sidecar_findings_total{finding="NameTaken"} 1\n');
    const duration = "serin_webhook_request_duration_seconds";
    expect(text).toContain(`${duration}_bucket{le="0.0025",kind="apps/Deployment"} 1\n`);
    expect(text).toContain(`${duration}_sum{kind="apps/Deployment"} 0.032\n`);
    expect(text).toContain(`${duration}_count{kind="other"} 1\n`);
  });

  it("say what is under way", async () => {
    const figures = counters();
    const [one, two] = [figures.entered(), figures.entered()];
    figures.connections(() => 7);
    const text = await figures.render();
    expect(text).toContain("serin_webhook_in_flight 2\n");
    expect(text).toContain("serin_webhook_connections 7\n");
    one?.();
    two?.();
    expect(await figures.render()).toContain("serin_webhook_in_flight 0\n");
  });

  it("are each app's own: nothing is added up in prom-client's global registry", async () => {
    const [one, two] = [counters(), counters()];
    one.refused(400);
    expect(await two.render()).not.toContain("refused_total{");
    expect(await register.metrics()).toBe("\n");
  });

  it("of a process also tell its event loop, its heap and its release, as Prometheus' text", async () => {
    const { render, contentType } = counters({ process: true });
    const { text, headers } = await request(healthApp({ notReady: () => [], metrics: render, contentType })).get("/metrics");
    expect(headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(text).toContain(`serin_build_info{component="webhook",version="${release}",node="${process.version}"} 1\n`);
    for (const name of ["nodejs_eventloop_lag_p99_seconds", "nodejs_heap_size_used_bytes", "process_cpu_seconds_total"]) {
      expect(lines(text, name)).toHaveLength(1);
    }
    expect(text.split("\n").filter((line) => !line.startsWith("#")).length).toBeLessThan(150);
  });
});

it("the release is package.json's", () => {
  expect(release).toBe((JSON.parse(textOf("package.json")) as { version: string }).version);
});
