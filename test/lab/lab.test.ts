import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Lab, startLab } from "./lab.ts";
import { until } from "./until.ts";

const HOST = "shop.default.svc.cluster.local";

/** Two versions of one shop behind the gateway, 70 % and 30 %. */
const SHOP = JSON.stringify({
  apiVersion: "v1",
  kind: "List",
  items: [
    ...[
      { hash: "stable1", image: "shop:1" },
      { hash: "canary2", image: "shop:2" },
    ].map(({ hash, image }) => ({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: `shop-${hash}` },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: "shop", rev: hash } },
        template: {
          metadata: { labels: { app: "shop", rev: hash } },
          spec: { containers: [{ name: "shop", image, ports: [{ containerPort: 8080 }] }] },
        },
      },
    })),
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "shop" },
      spec: { selector: { app: "shop" }, ports: [{ name: "http", port: 80, targetPort: 8080 }] },
    },
    {
      apiVersion: "networking.istio.io/v1",
      kind: "Gateway",
      metadata: { name: "gateway" },
      spec: { selector: { istio: "ingressgateway" }, servers: [{ port: { number: 80, name: "http", protocol: "HTTP" }, hosts: ["*"] }] },
    },
    {
      apiVersion: "networking.istio.io/v1",
      kind: "DestinationRule",
      metadata: { name: "shop" },
      spec: { host: HOST, subsets: ["stable1", "canary2"].map((rev) => ({ name: `rev-${rev}`, labels: { rev } })) },
    },
    {
      apiVersion: "networking.istio.io/v1",
      kind: "VirtualService",
      metadata: { name: "shop" },
      spec: {
        hosts: ["*"],
        gateways: ["gateway"],
        http: [
          {
            route: [
              { destination: { host: HOST, subset: "rev-stable1" }, weight: 70 },
              { destination: { host: HOST, subset: "rev-canary2" }, weight: 30 },
            ],
          },
        ],
      },
    },
  ],
});

describe("the lab", () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ without: ["serin"] });
  });
  afterAll(() => lab.stop());

  const versionThatAnswers = async () => {
    const answer = await fetch(lab.env["LAB_GATEWAY"] ?? "");
    await answer.arrayBuffer();
    return answer.ok ? (answer.headers.get("x-image") ?? undefined) : undefined;
  };

  it("splits 70/30 through a real gateway, and Prometheus counts by revision", async () => {
    // Given
    await lab.apply(SHOP);
    await lab.kubectl("wait", "--for=condition=Available", "--timeout=60s", "deployment", "--all");
    await until("the gateway to route", versionThatAnswers);
    await until("both versions to answer", async () => (await versionThatAnswers()) === "shop:2");

    // When
    const seen: Record<string, number> = {};
    for (let i = 0; i < 300; i++) {
      const image = (await versionThatAnswers()) ?? "no answer";
      seen[image] = (seen[image] ?? 0) + 1;
    }

    // Then
    expect(Object.keys(seen).toSorted()).toEqual(["shop:1", "shop:2"]);
    expect((seen["shop:2"] ?? 0) / 300).toBeGreaterThan(0.2);
    expect((seen["shop:2"] ?? 0) / 300).toBeLessThan(0.4);
    const counted = (revision: string) =>
      `sum(istio_requests_total{reporter="source",destination_service="${HOST}",destination_service_name="shop",destination_service_namespace="default",response_code="200",destination_canonical_revision="${revision}"})`;
    await until("Prometheus to have counted them all", async () => {
      const [stable, canary] = await Promise.all(["stable1", "canary2"].map((revision) => query(lab, counted(revision))));
      return (stable ?? 0) >= (seen["shop:1"] ?? 0) && (canary ?? 0) >= (seen["shop:2"] ?? 0);
    });
    const p50 = `histogram_quantile(0.5, sum by (le) (istio_request_duration_milliseconds_bucket{destination_canonical_revision="canary2"}))`;
    // Envoy fills its histograms when it flushes its stats, later than its counters.
    await until("the durations to be counted", async () => ((await query(lab, p50)) ?? 0) > 0, 30);
  });

  it("counts the 503 that Envoy makes itself when no pod is left", async () => {
    // Given
    await lab.kubectl("scale", "deployment/shop-stable1", "deployment/shop-canary2", "--replicas=0");

    // When
    await until("the gateway to have nobody", async () => (await fetch(lab.env["LAB_GATEWAY"] ?? "")).status === 503);

    // Then
    await until("Prometheus to know", async () => ((await query(lab, `sum(istio_requests_total{response_code="503"})`)) ?? 0) > 0);
  });

  it("starts a killed process again, and leaves nothing when it stops", async () => {
    // Given
    const before = lab.processes.pid("prometheus");
    await lab.processes.kill("prometheus");
    expect(lab.processes.pid("prometheus")).toBeUndefined();

    // When
    await lab.processes.restart("prometheus");
    const pids = Object.values(lab.processes.pids);
    await lab.stop();

    // Then
    expect(pids).not.toContain(before);
    expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
    expect(existsSync(lab.dir)).toBe(false);
  });
});

async function query(lab: Lab, promql: string): Promise<number | undefined> {
  const answer = await fetch(`${lab.env["LAB_PROMETHEUS"]}/api/v1/query?query=${encodeURIComponent(promql)}`);
  const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
  const value = data.result[0]?.value[1];
  return value === undefined ? undefined : Number(value);
}
