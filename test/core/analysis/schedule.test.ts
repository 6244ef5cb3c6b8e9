import { describe, expect, test } from "vitest";
import { begin, nextDue, noDataAt, noDataVerdict, record } from "../../../src/core/analysis/run.ts";
import { aMetric, at, measured, t0 } from "./aMetric.ts";

describe("nextDue", () => {
  test("the soonest of all metrics, never before now, undefined when all have ended", () => {
    const slow = aMetric({ name: "slow", interval: "5m" });
    const fast = aMetric({ name: "fast", interval: "30s" });
    const ended = aMetric({ name: "ended" });
    const looks = [slow, fast, ended].map((metric) => ({ metric, status: measured(metric, ["pass"]) }));
    expect(nextDue(looks, { now: t0 + 1_000, startedAt: t0 })).toBe(t0 + 30_001);
    expect(nextDue(looks, { now: t0 + 40_000, startedAt: t0 })).toBe(t0 + 40_000);
    expect(nextDue(looks.slice(2), { now: t0 + 1_000, startedAt: t0 })).toBeUndefined();
    expect(nextDue([], { now: t0, startedAt: t0 })).toBeUndefined();
  });

  test("closing: every 10 s, also what has ended Successful", () => {
    const ended = aMetric({});
    expect(nextDue([{ metric: ended, status: measured(ended, ["pass"]) }], { now: t0, startedAt: t0, closing: true })).toBe(t0 + 10_001);
  });

  test("an interval of milliseconds does not hammer Prometheus", () => {
    const eager = aMetric({ interval: "1ms" });
    expect(nextDue([{ metric: eager, status: measured(eager, ["pass"]) }], { now: t0, startedAt: t0 })).toBe(t0 + 1_001);
  });
});

describe("missing data", () => {
  const onNoData = { after: "5m", action: "Fail" } as const;
  const metric = aMetric({ interval: "1m" });
  const status = record(metric, begin(metric, { now: t0 }), at({ started: 0, verdict: "no-data" }));

  test("holds for onNoData.after, then the action, with the times", () => {
    expect(noDataVerdict(onNoData, status, t0 + 299_999)).toBe("ok");
    expect(noDataVerdict(onNoData, status, t0 + 302_000)).toEqual({
      action: "Fail",
      message: "m: no data for 5m2s, onNoData.after is 5m",
    });
    expect(noDataAt(onNoData, status)).toBe(t0 + 300_000);
  });

  test("ends with data, counts from the first look without", () => {
    const again = record(metric, status, at({ started: 60_000, verdict: "no-data" }));
    expect(noDataAt(onNoData, again)).toBe(t0 + 300_000);
    const good = record(metric, again, at({ started: 120_000, verdict: "fail" }));
    expect(noDataVerdict(onNoData, good, t0 + 900_000)).toBe("ok");
    expect(noDataVerdict(onNoData, undefined, t0)).toBe("ok");
  });

  test("a metric without interval looks again after 10 s: missing data is no measurement", () => {
    const once = aMetric({});
    expect(nextDue([{ metric: once, status: measured(once, ["no-data"]) }], { now: t0, startedAt: t0 })).toBe(t0 + 10_001);
  });
});
