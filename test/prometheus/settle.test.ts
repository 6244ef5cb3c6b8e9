import { describe, expect, test } from "vitest";
import { p99Of, settleSource } from "../../src/prometheus/settle.ts";
import { answers, values } from "./answers.ts";

describe("settleSource", () => {
  test("asks istiod's two histograms, rate first and the plain counters where that gives nothing", () => {
    expect(p99Of("pilot_debounce_time")).toBe(
      "(histogram_quantile(0.99, sum by (le) (rate(pilot_debounce_time_bucket[10m]))) >= 0) or histogram_quantile(0.99, sum by (le) (pilot_debounce_time_bucket))",
    );
  });

  test("reads both p99 in seconds and remembers them for 10 s", async () => {
    let now = 1_000_000;
    const client = answers((promql) => values(promql.includes("debounce") ? 3.2 : 0.01));
    const source = settleSource(client, { now: () => now });
    expect(source.latest()).toBeUndefined();
    const figures = { debounceP99Seconds: 3.2, convergenceP99Seconds: 0.01, at: now };
    expect(await Promise.all([source.refresh(), source.refresh()])).toEqual([figures, figures]);
    expect(client.asked).toHaveLength(2);
    now += 9_999;
    await source.refresh();
    expect(client.asked).toHaveLength(2);
    now += 1;
    await source.refresh();
    expect(client.asked).toHaveLength(4);
    expect(source.latest()?.at).toBe(now);
  });

  test("NaN and an empty answer are no data", async () => {
    const source = settleSource(
      answers((promql) => (promql.includes("debounce") ? values(Number.NaN) : values())),
      { now: () => 5 },
    );
    expect(await source.refresh()).toEqual({ at: 5 });
  });

  test("while Prometheus is out of reach the last figures hold for their window of ten minutes, no longer", async () => {
    let now = 0;
    let up = true;
    const source = settleSource(
      answers(() => (up ? values(2) : { kind: "error", message: "down" })),
      { now: () => now },
    );
    await source.refresh();
    up = false;
    for (now = 300_000; now <= 600_000; now += 300_000) expect(await source.refresh()).toMatchObject({ debounceP99Seconds: 2 });
    now = 620_000;
    expect(await source.refresh()).toEqual({ at: 620_000 });
  });
});
