import { describe, expect, test } from "vitest";
import type { PrometheusAnswer } from "../../src/prometheus/client.ts";
import { byWorkload, countersQuery, readCounters } from "../../src/prometheus/rawCounters.ts";
import { answers } from "./answers.ts";

const query = {
  metric: "istio_requests_total",
  matchers: [
    { label: "reporter", value: "source" },
    { label: "source_app", value: 'a"}) or vector(1' },
  ],
  namedBy: byWorkload,
  by: ["response_code"],
  of: [{ namespace: "shop", name: "web" }],
};
const own = { destination_workload_namespace: "shop", destination_workload: "web" };
const seen = (...entries: Array<[Record<string, string>, number]>): PrometheusAnswer => ({
  kind: "values",
  values: entries.map(([, value]) => value),
  series: entries.map(([labels, value]) => ({ labels, value, at: 0 })),
  warnings: [],
});

describe("raw counters of many workloads", () => {
  test("the counters, who reports them, what was reset, and when, in one query; a value never ends its string", () => {
    const selector =
      'istio_requests_total{reporter="source", source_app="a\\x22}) or vector(1", destination_workload_namespace=~"shop", destination_workload=~"web"}';
    const each = "destination_workload_namespace, destination_workload";
    // Two replicas behind a store that does not deduplicate would count every request twice.
    const once = "max without (prometheus_replica, prometheus, replica, receive_replica, rule_replica)";
    expect(countersQuery(query).split(/ or (?=label_replace)/)).toEqual([
      `sum by (${each}, destination_canonical_revision, response_code) (${once} (${selector}))`,
      `label_replace(count by (${each}) (group by (${each}, instance) (${selector})), "serin", "proxies", "", "")`,
      `label_replace(sum by (${each}) (${once} (resets(${selector}[3m]))), "serin", "resets", "", "")`,
      `label_replace(max by (${each}) (timestamp(${selector})), "serin", "at", "", "")`,
      'label_replace(vector(time()), "serin", "now", "", "")',
    ]);
  });

  test("a sample by workload; its time is told by our clock, whatever Prometheus' says", async () => {
    const client = answers(() =>
      seen(
        [{ ...own, response_code: "200" }, 90],
        [{ ...own, response_code: "503" }, 10],
        [{ ...own, response_code: "404" }, Number.NaN],
        [{ ...own, serin: "proxies" }, 3],
        [{ ...own, serin: "resets" }, 1],
        [{ ...own, serin: "at" }, 5_998],
        [{ serin: "now" }, 6_000],
      ),
    );
    const answer = await readCounters(client, query, { now: () => 1_000_000 });
    const sample = answer.kind === "samples" ? answer.samples.get("shop/web") : undefined;
    expect(sample).toMatchObject({ at: 998_000, reporters: 3, resets: 1 });
    expect([...(sample?.series.values() ?? [])].map(({ value }) => value)).toEqual([90, 10]);
  });

  test.each([
    ["not a number", Number.NaN, { at: 1_000_000, reporters: 0, resets: 0 }],
    ["beyond all bounds", 1e300, { at: 1_000_000, reporters: 1e300, resets: 1e300 }],
    ["before all times", -1e300, { at: 0 }],
  ])("times and numbers of proxies that are %s give a sample that can be told of", async (_what, value, expected) => {
    const marked = ["proxies", "resets", "at"].map((serin): [Record<string, string>, number] => [{ ...own, serin }, value]);
    const client = answers(() => seen(...marked, [{ serin: "now" }, 6_000]));
    const answer = await readCounters(client, query, { now: () => 1_000_000 });
    expect(answer.kind === "samples" && answer.samples.get("shop/web")).toMatchObject(expected);
  });

  test("a workload without counters has an empty sample of the present", async () => {
    const answer = await readCounters(
      answers(() => seen([{ serin: "now" }, 6_000])),
      query,
      { now: () => 1_000_000 },
    );
    expect(answer.kind === "samples" && answer.samples.get("shop/web")).toEqual({
      at: 1_000_000,
      reporters: 0,
      resets: 0,
      series: new Map(),
    });
  });

  test("a hundred workloads take one query, also when some are named twice; a hundred and one take two", async () => {
    const client = answers(() => seen([{ serin: "now" }, 6_000]));
    const many = (count: number) => Array.from({ length: count }, (_, i) => ({ namespace: "shop", name: `web-${i}` }));
    await readCounters(client, { ...query, of: many(100) }, { now: () => 0 });
    expect(client.asked).toHaveLength(1);
    await readCounters(client, { ...query, of: [...many(100), ...many(100)] }, { now: () => 0 });
    expect(client.asked).toHaveLength(2);
    const answer = await readCounters(client, { ...query, of: many(101) }, { now: () => 0 });
    expect(client.asked).toHaveLength(4);
    expect(answer.kind === "samples" && answer.samples.size).toBe(101);
  });

  test("an answer that is too large is asked for in halves", async () => {
    const many = Array.from({ length: 40 }, (_, i) => ({ namespace: "shop", name: `web-${i}` }));
    const namesIn = (promql: string) => (/destination_workload=~"([^"]*)"/.exec(promql)?.[1] ?? "").split("|").length;
    const client = answers((promql) =>
      namesIn(promql) > 12 ? { kind: "error", message: "too much", tooLarge: true } : seen([{ serin: "now" }, 6_000]),
    );
    const answer = await readCounters(client, { ...query, of: many }, { now: () => 0 });
    expect(answer.kind === "samples" && answer.samples.size).toBe(40);
    expect(client.asked.map(namesIn)).toEqual([40, 20, 10, 10, 20, 10, 10]);
    const one = answers(() => ({ kind: "error", message: "too much", tooLarge: true }));
    expect(await readCounters(one, { ...query, of: many.slice(0, 1) }, { now: () => 0 })).toMatchObject({ message: "too much" });
    expect(one.asked).toHaveLength(1);
  });

  test("an error of one query is an error of all that it would have told", async () => {
    const client = answers(() => ({ kind: "error", message: "down" }));
    expect(await readCounters(client, query, { now: () => 0 })).toEqual({ kind: "error", message: "down" });
  });
});
