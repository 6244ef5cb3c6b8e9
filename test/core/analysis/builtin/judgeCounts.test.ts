import { describe, expect, test } from "vitest";
import type { Builtin } from "../../../../src/api/builtin.ts";
import type { Metric } from "../../../../src/api/metric.ts";
import type { Counted } from "../../../../src/api/metricStatus.ts";
import { counted as countedSchema } from "../../../../src/api/metricStatus.ts";
import type { CountsAnswer } from "../../../../src/core/analysis/answer.ts";
import { judgeCounts, settingsOf } from "../../../../src/core/analysis/builtin/judgeCounts.ts";
import { begin, record } from "../../../../src/core/analysis/run.ts";
import { at, t0 } from "../aMetric.ts";

type Pair = [requests: number, bad: number];
const tick = (seconds: number, [requests, bad]: Pair, [ofStable, badStable]: Pair = [1_000, 0], missing?: string): CountsAnswer => ({
  kind: "counts",
  since: t0 + seconds * 1_000,
  canary: { requests, bad },
  stable: { requests: ofStable, bad: badStable },
  ...(missing !== undefined && { missing }),
});

/** The judgements of these ticks under one weight, which is in force since t0. */
function judged(builtin: Builtin, ticks: readonly CountsAnswer[], start?: Counted) {
  let counted = start;
  return ticks.map((answer) => {
    const looked = judgeCounts({ name: "m", builtin }, counted === undefined ? {} : { counted }, answer, {
      weight: 30,
      weightChangedAt: t0,
      at: answer.since + 5_000,
    });
    expect(countedSchema.safeParse(looked.counted).error).toBeUndefined();
    counted = looked.counted;
    return looked;
  });
}
const verdicts = (...args: Parameters<typeof judged>) => judged(...args).map(({ judgement }) => judgement?.verdict);

describe("from counts to a verdict", () => {
  test("few requests are missing data, never a pass; enough of them pass", () => {
    const looks = judged({ successRate: {} }, [tick(0, [20, 0]), tick(5, [29, 0]), tick(10, [1, 0])]);
    expect(looks.map(({ judgement }) => judgement?.message)).toEqual([
      "m: 20 of 50 requests of the canary under this weight",
      "m: 49 of 50 requests of the canary under this weight",
      "m: 0 of 50 (0 %) of the canary failed, 0 of 3000 (0 %) of stable",
    ]);
    expect(looks.map(({ judgement }) => judgement?.verdict)).toEqual(["no-data", "no-data", "pass"]);
    expect(looks[2]?.counted).toMatchObject({ weight: 30, since: "2026-01-01T00:00:00.000Z", canary: { requests: 50, bad: 0 } });
  });

  test("no requests at all, or none of stable to compare with, are missing data", () => {
    expect(verdicts({ successRate: {} }, [tick(0, [0, 0])])).toEqual(["no-data"]);
    expect(verdicts({ successRate: {} }, [tick(0, [100, 0], [0, 0])])).toEqual(["no-data"]);
    expect(verdicts({ successRate: { min: 0.9 } }, [tick(0, [100, 0], [0, 0])])).toEqual(["pass"]);
    const [silent] = judged({ successRate: {} }, [tick(0, [0, 0], [0, 0], "no proxy was scraped since")]);
    expect(silent?.judgement).toMatchObject({ verdict: "no-data", message: "m: no proxy was scraped since" });
  });

  test("half of the requests bad fails, also before minRequests, and says the numbers", () => {
    const looks = judged({ successRate: { minRequests: 1_000 } }, [tick(0, [20, 10]), tick(5, [20, 11])]);
    expect(looks[1]?.judgement).toEqual({
      verdict: "fail",
      value: "[0.475]",
      message: "m: 21 of 40 (52.5 %) of the canary failed, 0 of 2000 (0 %) of stable",
    });
    expect(looks[0]?.judgement?.verdict).toBe("no-data");
  });

  test("a difference at one look alone holds and is no verdict: more requests will tell", () => {
    const [first] = judged({ successRate: {} }, [tick(0, [100, 40])]);
    expect(first?.judgement?.verdict).toBe("inconclusive");
    const metric: Metric = { name: "m", builtin: { successRate: {} } };
    const status = record(metric, begin(metric, { now: t0 }), at({ started: 0, verdict: "inconclusive" }));
    expect(status).toMatchObject({ phase: "Running", message: "m: more requests will tell; inconclusive" });
  });

  test("against a threshold stable's own trouble excuses nothing; compared, it does", () => {
    const both = [tick(0, [200, 60], [200, 60]), tick(5, [200, 60], [200, 60])];
    expect(verdicts({ successRate: { min: 0.95 } }, both).at(-1)).toBe("fail");
    expect(verdicts({ successRate: {} }, both).at(-1)).toBe("pass");
  });

  test("requests that were partly sent under the weight before are evidence, but no pass of this one", () => {
    const [mixed, next] = judged({ successRate: {} }, [tick(-3, [500, 0]), tick(5, [10, 0])]);
    expect(mixed?.judgement).toBeUndefined();
    expect(mixed?.counted.canary).toEqual({ requests: 0, bad: 0 });
    expect(next?.judgement?.message).toBe("m: 10 of 50 requests of the canary under this weight");
    expect(verdicts({ successRate: {} }, [tick(-9, [100, 50]), tick(-4, [100, 50])])).toEqual([undefined, "fail"]);
  });

  test("another weight counts anew; what the judge remembers goes on", () => {
    const before: Counted = {
      weight: 10,
      since: "2025-12-31T23:50:00.000Z",
      canary: { requests: 900, bad: 0 },
      stable: { requests: 9_000, bad: 0 },
      evidence: JSON.stringify({
        canary: { requests: 900, bad: 400 },
        stable: { requests: 9_000, bad: 0 },
        standing: 1,
        window: Date.UTC(2025, 11, 31, 23, 50),
        under: { canary: { requests: 900, bad: 400 }, stable: { requests: 9_000, bad: 0 } },
      }),
    };
    const [look] = judged({ successRate: {} }, [tick(0, [60, 0])], before);
    expect(look?.judgement).toMatchObject({
      verdict: "fail",
      message: "m: 400 of 960 (41.7 %) of the canary failed, 0 of 10000 (0 %) of stable",
    });
    expect(look?.counted.canary.requests).toBe(60);
    expect(verdicts({ successRate: {} }, [tick(0, [60, 0])], { ...before, evidence: "{" })).toEqual(["pass"]);
  });
});

test("what the policy says, as the judge takes it", () => {
  expect(settingsOf({ successRate: { min: 0.99 } })).toEqual({
    against: { share: 0.01 },
    bad: "failed",
    alpha: 0.01,
    tolerance: 1,
    minRequests: 50,
  });
  expect(settingsOf({ latency: { quantile: 0.95, max: "1s" } }, 1_000)).toMatchObject({
    against: { share: 0.05 },
    bad: "took longer than 1000ms",
  });
  expect(settingsOf({ successRate: {} })).toMatchObject({ against: "stable", tolerance: 1.25 });
  expect(settingsOf({ latency: { quantile: 0.5, alpha: 0.001, tolerance: 2 } }, 10)).toMatchObject({
    against: "stable",
    alpha: 0.001,
    tolerance: 2,
  });
  expect(settingsOf({ successRate: { min: 1 } }).against).toEqual({ share: 0.000_001 });
});
