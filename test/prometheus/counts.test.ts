import { describe, expect, test } from "vitest";
import type { PrometheusAnswer } from "../../src/prometheus/client.ts";
import { countByRevision, countsQuery } from "../../src/prometheus/counts.ts";
import { answers } from "./answers.ts";

const series = (...entries: Array<[Record<string, string>, number]>): PrometheusAnswer => ({
  kind: "values",
  values: entries.map(([, value]) => value),
  series: entries.map(([labels, value]) => ({ labels, value, at: 0 })),
  warnings: [],
});
const services = [{ namespace: "shop", name: "web" }];

describe("countByRevision", () => {
  test("asks raw counters and the time of the newest sample in one query", () => {
    const selector =
      'istio_requests_total{reporter="source", destination_service_namespace="shop", destination_service_name=~"web|web-canary"}';
    expect(countsQuery([...services, { namespace: "shop", name: "web-canary" }])).toBe(
      `sum by (destination_canonical_revision) (${selector}) or label_replace(max(timestamp(${selector})) or vector(time()), "serin_at", "newest", "", "")`,
    );
  });

  test("asks each namespace by itself", () => {
    const query = countsQuery([...services, { namespace: "pay", name: "web" }]);
    expect(query).toContain('destination_service_namespace="shop", destination_service_name=~"web"} or istio_requests_total');
    expect(query).toContain('"web"}) or timestamp(istio_requests_total{reporter="source", destination_service_namespace="pay"');
  });

  test("gives counts by revision, also of series that name none, and the newest sample's time in ms", async () => {
    const client = answers(() =>
      series(
        [{ destination_canonical_revision: "7d4b" }, 30],
        [{ destination_canonical_revision: "5c9a" }, 70],
        [{}, 5],
        [{ serin_at: "newest" }, 1_767_225_600.25],
      ),
    );
    expect(await countByRevision(client, services)).toEqual({
      kind: "counts",
      at: 1_767_225_600_250,
      byRevision: new Map([
        ["7d4b", 30],
        ["5c9a", 70],
        ["", 5],
      ]),
    });
  });

  test("nobody has sent a request: no counts, and still a time to start from", async () => {
    const client = answers(() => series([{ serin_at: "newest" }, 1_000]));
    expect(await countByRevision(client, services)).toEqual({ kind: "counts", at: 1_000_000, byRevision: new Map() });
  });

  test.each<[string, PrometheusAnswer, readonly { namespace: string; name: string }[]]>([
    ["Prometheus fails", { kind: "error", message: "down" }, services],
    ["the time is missing", series([{}, 1]), services],
    ["there is no Service", series(), []],
  ])("%s: an error", async (_what, answer, of) => {
    expect(
      await countByRevision(
        answers(() => answer),
        of,
      ),
    ).toMatchObject({ kind: "error" });
  });
});
