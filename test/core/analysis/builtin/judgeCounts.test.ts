import { describe, expect, test } from "vitest";
import type { Builtin } from "../../../../src/api/builtin.ts";
import type { Metric } from "../../../../src/api/metric.ts";
import { type Counted, counted as countedSchema } from "../../../../src/api/metricStatus.ts";
import type { CountsAnswer } from "../../../../src/core/analysis/answer.ts";
import { judgeCounts, settingsOf } from "../../../../src/core/analysis/builtin/judgeCounts.ts";
import type { LookAtCounts, Looked } from "../../../../src/core/analysis/builtin/look.ts";
import { begin, record } from "../../../../src/core/analysis/run.ts";
import { sequentialDefaults } from "../../../../src/core/analysis/sequential/settings.ts";
import { settings as benched } from "../../../bench/analysis/rules.ts";
import { at, t0 } from "../aMetric.ts";

type Pair = [requests: number, bad: number];
const tick = (seconds: number, [requests, bad]: Pair, [ofStable, badStable]: Pair = [1_000, 0], missing?: string): CountsAnswer => ({
  kind: "counts",
  since: t0 + seconds * 1_000,
  canary: { requests, bad },
  stable: { requests: ofStable, bad: badStable },
  ...(missing !== undefined && { missing }),
});

/** A judge that says what the test wants, and remembers what it was asked. */
function scripted(...says: Array<Looked["verdict"]>) {
  const asked: Array<Parameters<LookAtCounts>> = [];
  const look: LookAtCounts = (...args) => {
    asked.push(args);
    return { state: { looks: asked.length }, verdict: says[asked.length - 1] ?? "pass", message: `look ${asked.length}` };
  };
  return { asked, look };
}

/** The judgements of these ticks, five seconds each, under one weight that is in force since t0. */
function judged(
  ticks: readonly CountsAnswer[],
  { look }: { look: LookAtCounts },
  start?: Counted,
  weight = 30,
  builtin: Builtin = { successRate: {} },
) {
  let counted = start;
  return ticks.map((answer) => {
    const circumstances = { weight, weightChangedAt: t0, at: answer.since + 5_000, builtins: 1 };
    const looked = judgeCounts({ name: "m", builtin }, counted === undefined ? {} : { counted }, answer, circumstances, look);
    expect(countedSchema.safeParse(looked.counted).error).toBeUndefined();
    counted = looked.counted;
    return looked;
  });
}
/** By the judge itself. */
const judgeEach = ({ name, builtin = {} }: Metric, ...ticks: readonly CountsAnswer[]) =>
  ticks.map((answer) =>
    judgeCounts({ name, builtin }, {}, answer, { weight: 30, weightChangedAt: t0, at: answer.since + 5_000, builtins: 1 }),
  );

const before: Counted = {
  weight: 10,
  since: "2025-12-31T23:50:00.000Z",
  canary: { requests: 900, bad: 9 },
  stable: { requests: 900, bad: 9 },
  evidence: '{"looks":7}',
};

describe("from counts to a verdict", () => {
  test.each(["pass", "fail", "no-data", "inconclusive"] as const)("what the judge says is the verdict: %s", (verdict) => {
    const [looked] = judged([tick(0, [200, 5])], scripted(verdict));
    expect(looked?.judgement).toEqual({ verdict, value: "[0.975]", message: "m: look 1" });
  });

  test("the judge is given what was counted since the look before, and its own memory", () => {
    const judge = scripted();
    judged([tick(0, [20, 1]), tick(5, [30, 2])], judge);
    expect(judge.asked[0]).toMatchObject([undefined, { since: t0, at: t0 + 5_000, window: t0, canary: { requests: 20, bad: 1 } }, {}]);
    expect(judge.asked[1]).toMatchObject([{ looks: 1 }, { at: t0 + 10_000, window: t0, canary: { requests: 30, bad: 2 } }, {}]);
  });

  test("what was counted under a weight is kept beside the verdict", () => {
    const looks = judged([tick(0, [20, 1]), tick(5, [30, 2], [500, 3])], scripted());
    expect(looks[1]?.counted).toMatchObject({
      weight: 30,
      since: "2026-01-01T00:00:00.000Z",
      canary: { requests: 50, bad: 3 },
      stable: { requests: 1_500, bad: 3 },
    });
  });

  test("requests that were partly sent under the weight before are evidence, but a verdict only when they fail", () => {
    const judge = scripted("pass", "pass", "fail");
    const [mixed, next] = judged([tick(-3, [500, 0]), tick(5, [10, 0])], judge);
    expect(mixed?.judgement).toBeUndefined();
    expect(mixed?.counted.canary).toEqual({ requests: 0, bad: 0 });
    expect(next?.judgement?.verdict).toBe("pass");
    expect(next?.counted.canary).toEqual({ requests: 10, bad: 0 });
    expect(judge.asked[0]?.[1].window).not.toBe(judge.asked[1]?.[1].window);
    expect(judged([tick(-3, [500, 400])], scripted("fail"))[0]?.judgement?.verdict).toBe("fail");
  });

  test("another weight counts anew; the judge's memory goes on", () => {
    const judge = scripted();
    const [looked] = judged([tick(0, [60, 0])], judge, before);
    expect(looked?.counted.canary.requests).toBe(60);
    expect(judge.asked[0]?.[0]).toEqual({ looks: 7 });
  });

  test("a memory that can't be read is none", () => {
    const judge = scripted();
    judged([tick(0, [60, 0])], judge, { ...before, evidence: "{" });
    expect(judge.asked[0]?.[0]).toBeUndefined();
  });

  test("why nothing could be counted is told; a failure goes before it", () => {
    const silent = tick(0, [0, 0], [0, 0], "no proxy was scraped since");
    expect(judged([silent], scripted("pass"))[0]?.judgement).toEqual({
      verdict: "no-data",
      value: "[]",
      message: "m: no proxy was scraped since",
    });
    expect(judged([silent], scripted("fail"))[0]?.judgement?.verdict).toBe("fail");
  });

  test("while the canary warms up nothing is missing: onNoData does not count that time", () => {
    const metric: Metric = { name: "m", builtin: { latency: { quantile: 0.99, max: "1s" } } };
    const [warming] = judgeEach(metric, tick(0, [60, 60]));
    expect(warming).toMatchObject({ early: true, judgement: { verdict: "no-data", message: expect.stringContaining("m: warming up") } });
    const [silent] = judgeEach(metric, tick(0, [0, 0]));
    expect(silent).toMatchObject({ early: false, judgement: { verdict: "no-data" } });
    const missing = begin(metric, { now: t0 });
    const taken = at({ started: 0, verdict: "no-data" });
    expect(record(metric, missing, taken, { early: true })).toMatchObject({ noData: 1 });
    expect(record(metric, missing, taken, { early: true })).not.toHaveProperty("noDataSince");
    expect(record(metric, missing, taken)).toHaveProperty("noDataSince");
  });

  test("inconclusive holds the step and is counted by no limit", () => {
    const metric: Metric = { name: "m", builtin: { successRate: {} } };
    const status = record(metric, begin(metric, { now: t0 }), at({ started: 0, verdict: "inconclusive" }));
    expect(status).toMatchObject({ phase: "Running", message: "m: more requests will tell; inconclusive" });
  });
});

describe("at weight 100, where stable gets no request", () => {
  const asked = (builtin: Builtin) => {
    const judge = scripted();
    judged([tick(0, [100, 1], [3, 3])], judge, before, 100, builtin);
    return judge.asked[0]?.[1];
  };

  test("the judge is told that there is none, and leaves those out that were sent before", () => {
    expect(asked({ successRate: {} })?.stable).toBeUndefined();
  });

  test("a threshold stays what it is", () => {
    expect(asked({ successRate: { min: 0.9 } })?.stable).toEqual({ requests: 3, bad: 3 });
  });
});

test("a success rate without settings is judged as test/bench measures it", () => {
  expect({ ...sequentialDefaults, ...settingsOf({ successRate: {} }, { builtins: 1 }) }).toEqual(benched);
});

test("what the policy says, as the judge takes it", () => {
  const alone = { builtins: 1 };
  expect(settingsOf({ successRate: { min: 0.99 } }, alone)).toEqual({
    against: { share: 0.01 },
    bad: "failed",
    alpha: 0.01,
    tolerance: 1,
    minRequests: 50,
    warmUp: 0,
  });
  const slow = settingsOf({ latency: { quantile: 0.95, max: "1s" } }, { ...alone, boundMs: 1_000 });
  expect(slow).toMatchObject({ against: { share: 0.05 }, bad: "took longer than 1000ms", warmUp: 30_000 });
  expect(settingsOf({ successRate: { tolerance: 1.25 } }, { builtins: 4 })).toMatchObject({
    against: "stable",
    alpha: 0.002_5,
    tolerance: 1.25,
  });
  const compared = settingsOf({ latency: { quantile: 0.5, alpha: 0.001, tolerance: 2 } }, { ...alone, boundMs: 10 });
  expect(compared).toMatchObject({ against: "stable", alpha: 0.001, tolerance: 2 });
  expect(settingsOf({ successRate: { min: 1 } }, alone).against).toEqual({ share: 0.000_001 });
});
