import { describe, expect, test } from "vitest";
import type { PrometheusAnswer } from "../../src/prometheus/client.ts";
import { countByRevision } from "../../src/prometheus/counts.ts";
import { answers } from "./answers.ts";

const now = () => 1_767_225_601_000;
const seen = (...entries: Array<[Record<string, string>, number]>): PrometheusAnswer => ({
  kind: "values",
  values: entries.map(([, value]) => value),
  series: entries.map(([labels, value]) => ({ labels, value, at: 0 })),
  warnings: [],
});
const of = (name: string, labels: Record<string, string>) => ({
  destination_service_namespace: "shop",
  destination_service_name: name,
  ...labels,
});
const services = [{ namespace: "shop", name: "web" }];
const present: [Record<string, string>, number] = [{ serin: "now" }, 1_767_225_601];

describe("countByRevision", () => {
  test("counts at the callers' side, of all Services in one query", async () => {
    const client = answers(() => seen(present));
    await countByRevision(client, [...services, { namespace: "pay", name: "web.v2" }], now);
    expect(client.asked).toHaveLength(1);
    expect(client.asked[0]).toMatch(
      /^sum by \(destination_service_namespace, destination_service_name, destination_canonical_revision\) \(max without \(.*?\) \(istio_requests_total\{reporter="source", destination_service_namespace=~"shop\|pay", destination_service_name=~"web\|web\\\\\.v2"\}\)\) or /,
    );
  });

  test("gives each plan the counts of its Services by revision, also of series that name none, and the newest sample's time in ms", async () => {
    const client = answers(() =>
      seen(
        [of("web", { destination_canonical_revision: "7d4b" }), 30],
        [of("web", { destination_canonical_revision: "5c9a" }), 70],
        [of("web", {}), 5],
        [of("web", { serin: "at" }), 1_767_225_600.25],
        [of("web", { serin: "proxies" }), 4],
        [of("web", { serin: "resets" }), 1],
        [of("web-2", { serin: "proxies" }), 2],
        [of("web-2", { destination_canonical_revision: "5c9a" }), 1],
        [of("web-2", { serin: "at" }), 1_767_225_599],
        [of("another", {}), 1_000],
        present,
      ),
    );
    const both = [...services, { namespace: "shop", name: "web-2" }];
    const answer = await countByRevision(client, both, now);
    expect(answer.kind === "counts" && answer.countsOf(services)).toEqual({
      at: 1_767_225_600_250,
      reporters: 4,
      resets: 1,
      byRevision: new Map([
        ["7d4b", 30],
        ["5c9a", 70],
        ["", 5],
      ]),
    });
    expect(answer.kind === "counts" && answer.countsOf(both).byRevision.get("5c9a")).toBe(71);
    expect(answer.kind === "counts" && answer.countsOf(both).reporters).toBe(6);
  });

  test("nobody has sent a request: no counts, and still a time to start from", async () => {
    const answer = await countByRevision(
      answers(() => seen(present)),
      services,
      now,
    );
    expect(answer.kind === "counts" && answer.countsOf(services)).toEqual({ at: now(), reporters: 0, resets: 0, byRevision: new Map() });
  });

  test.each<[string, PrometheusAnswer]>([
    ["Prometheus fails", { kind: "error", message: "down" }],
    ["the time is missing", seen([of("web", {}), 1])],
  ])("%s: an error", async (_what, answer) => {
    const client = answers(() => answer);
    expect(await countByRevision(client, services, now)).toMatchObject({ kind: "error" });
  });
});
