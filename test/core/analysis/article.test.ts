import { describe, expect, test } from "vitest";
import type { Metric } from "../../../src/api/metric.ts";
import { judge } from "../../../src/core/analysis/condition.ts";
import { assess, begin, closingLook, due, record, toMeasurement } from "../../../src/core/analysis/run.ts";
import { aMetric, t0 } from "./aMetric.ts";

// The article's own settings (design §8): Argo Rollouts 1.9.1 promotes a release that fails half of its requests; Serin must not.

const article = aMetric({ name: "success-rate", interval: "1m", failureLimit: 1, successCondition: "result[0] >= 0.95" });
const steps = [30, 60, 100];
const pauseMs = 30_000;

/** A plan in little: the weight rises at 4 s, each step lasts 30 s and then ends with a pass; one tick per second, a query takes 50 ms. */
function play(metric: Metric, successRate: (t: number, weight: number) => number) {
  let status = begin(metric, { now: t0 });
  let weight = 0;
  let weightChangedAt = t0;
  const promotedOrFailed = { at: Number.NaN, heaviest: 0, looks: 0 };

  const measure = (now: number, closing: boolean): void => {
    const judged = judge(metric, { kind: "values", values: [successRate(now - t0, weight)] });
    status = record(metric, status, toMeasurement(judged, { startedAt: now, finishedAt: now + 50, weight }), { closing });
    promotedOrFailed.looks += 1;
  };
  const rise = (now: number): boolean => {
    const next = steps[steps.indexOf(weight) + 1];
    if (next === undefined) return false;
    weight = next;
    weightChangedAt = now;
    promotedOrFailed.heaviest = next;
    return true;
  };

  for (let now = t0; now < t0 + 600_000; now += 1_000) {
    if (due(metric, status, { now, startedAt: t0 }) === true) measure(now, false);
    if (weight === 0 && now >= t0 + 4_000) rise(now);
    if (weight > 0 && now - weightChangedAt >= pauseMs) {
      const seen = { now: now + 100, weightChangedAt, weight };
      if (closingLook(metric, status, seen).kind === "measure-now") measure(now + 100, true);
      if (closingLook(metric, status, { ...seen, now: now + 200 }).kind === "passed" && !rise(now))
        return { ...promotedOrFailed, at: now - t0, phase: "Promoted", message: "" };
    }
    const { phase, message } = assess([status]);
    if (phase === "Failed") return { ...promotedOrFailed, at: now - t0, phase, message };
  }
  return { ...promotedOrFailed, phase: assess([status]).phase, message: "" };
}

/** Over the last minute: half of the canary's requests fail from 4 s on. */
const halfFails = (t: number, weight: number): number => 1 - ((weight / 100) * 0.5 * Math.min(60_000, Math.max(0, t - 4_000))) / 60_000;

describe("interval 1m, failureLimit 1, three steps of 30 s", () => {
  test("a release that fails half of its requests never leaves the first weight and fails within 100 s", () => {
    expect(halfFails(34_000, 30)).toBeCloseTo(0.925);
    const end = play(article, halfFails);
    expect(end).toMatchObject({ phase: "Failed", heaviest: 30 });
    expect(end.at).toBeLessThanOrEqual(100_000);
    expect(end.message).toMatch(/^success-rate: failed \(2\) > failureLimit \(1\); result\[0\] >= 0\.95 is false with result = \[0\.8/);
  });

  test("a good release loses no time: each step ends with one look", () => {
    const end = play(article, () => 0.999);
    expect(end).toMatchObject({ phase: "Promoted", heaviest: 100, at: 94_000 });
    expect(end.looks).toBeLessThanOrEqual(5);
  });

  test("a release that is bad for 20 s only is held, not rolled back", () => {
    const end = play(article, (t) => (t > 30_000 && t < 50_000 ? 0.5 : 0.999));
    expect(end).toMatchObject({ phase: "Promoted", heaviest: 100 });
    expect(end.at).toBeGreaterThan(94_000);
  });

  test("missing data never promotes", () => {
    expect(play(article, () => Number.NaN)).toMatchObject({ phase: "Running", heaviest: 30 });
  });
});
