import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { objectsIn, oneOf } from "../house/manifests.ts";
import { textOf } from "../house/sources.ts";
import { type Story, tell } from "./story.ts";
import { until } from "./until.ts";

/** What the processes say of themselves while a canary comes and goes, by a real Prometheus that scrapes two workers, a webhook and certs. */
describe("Serin's own metrics", () => {
  let story: Story;
  beforeAll(async () => {
    story = await tell({ scrape: "1s", workers: 2 });
    await story.policy({ steps: [{ setWeight: 50 }, { pause: {} }], revertAfter: "1s" });
    await story.shop({ replicas: 2 });
    await until("one leader", async () => (await value("sum(serin_worker_leader)")) === 1);
  });
  afterAll(() => story?.stop());

  async function ask(query: string): Promise<Array<{ metric: Record<string, string>; value: [number, string] }>> {
    const answer = await fetch(`${story.lab.env["LAB_PROMETHEUS"]}/api/v1/query?query=${encodeURIComponent(query)}`);
    const { status, data, error } = (await answer.json()) as { status: string; error?: string; data: { result: [] } };
    if (status !== "success") throw new Error(`${query}: ${error}`);
    return data.result;
  }
  /** Undefined where there is no series. */
  const value = async (query: string): Promise<number | undefined> => {
    const [found] = await ask(query);
    return found && Number(found.value[1]);
  };
  const becomes = (query: string, wanted: number | undefined) =>
    until(`${query} to be ${wanted}`, async () => (await value(query)) === wanted, 20);

  it("at a gate: the plan's weight and phase, each once, though there are two workers", async () => {
    await story.setImage("nginx:2");
    await story.planWhen("nginx:2", "at its gate", ({ status }) => status?.phase === "Paused");
    await becomes('sum(serin_plan_weight{namespace="default",deployment="nginx"})', 50);
    await becomes('sum(serin_plans{phase="Paused"})', 1);
    await becomes('sum(serin_webhook_decisions_total{decision="Held"})', 1);
    await becomes('max(serin_plan_stage_age_seconds{phase="Paused"}) > bool 0', 1);
    expect(await value("max(serin_worker_queue_oldest_seconds)")).toBeLessThan(5);
    expect(await value('sum(serin_prometheus_queries_total{result="answered"})')).toBeGreaterThan(0);
  });

  it("aborted: counted as rolled back, and the weight's series is gone", async () => {
    const plan = await story.plan("nginx:2");
    await story.kubectl("patch", "plan", plan.metadata.name, "--type=merge", "-p", '{"spec":{"control":{"abort":{}}}}');
    await story.ends("nginx:2");
    await becomes('sum(serin_plans_total{outcome="RolledBack"})', 1);
    await becomes('sum(serin_plans{phase="RolledBack"})', 1);
    await becomes("sum(serin_plan_weight)", undefined);
    expect(await value('sum(increase(serin_plans_total{outcome="RolledBack"}[1m]))')).toBeGreaterThan(0);
  });

  it("the webhook's certificate is good for weeks", async () => {
    const days = (await value("(min(serin_certs_certificate_expiry_timestamp_seconds) - time()) / 86400")) ?? 0;
    expect(days).toBeGreaterThan(29);
    expect(days).toBeLessThan(31);
  });

  it("Prometheus answers each query of the dashboard and of the alerts", async () => {
    const { panels } = JSON.parse(textOf("manifests/monitoring/dashboard.json")) as {
      panels: Array<{ targets?: Array<{ expr: string }> }>;
    };
    const shown = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    const groups = oneOf(objectsIn("manifests/monitoring/alerts.yaml"), "PrometheusRule").spec["groups"] as Array<{
      rules: Array<{ expr: string }>;
    }>;
    const asked = [...shown, ...groups.flatMap(({ rules }) => rules.map(({ expr }) => expr))];
    for (const query of asked) await ask(query.replaceAll("$__rate_interval", "5m").replaceAll("$namespace", ".*"));
    expect(asked.length).toBeGreaterThan(40);
  });
});
