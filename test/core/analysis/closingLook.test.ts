import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { verdicts } from "../../../src/api/metricStatus.ts";
import { begin, closingLook, due, record } from "../../../src/core/analysis/run.ts";
import { aMetric, at, t0 } from "./aMetric.ts";

// Design §8: a step whose time is over ends with a pass, never by time alone.

const metric = aMetric({ interval: "1m", failureLimit: 1 });
const started = begin(metric, { now: t0 });
/** Weight 30 is in force since t = 4 s. */
const closing = (seconds: number) => ({ now: t0 + seconds * 1_000, weightChangedAt: t0 + 4_000, weight: 30 });

describe("closingLook", () => {
  test("a pass under this weight, at most 10 s old, releases the step", () => {
    const status = record(metric, started, at({ started: 5_000, verdict: "pass" }));
    expect(closingLook(metric, status, closing(15))).toEqual({ kind: "passed" });
  });

  test("an older pass does not: look now", () => {
    const status = record(metric, started, at({ started: 5_000, verdict: "pass" }));
    expect(closingLook(metric, status, closing(15.001))).toEqual({ kind: "measure-now" });
  });

  test("a pass that was asked before the weight changed does not, also when its answer came later", () => {
    const before = record(metric, started, at({ started: 3_000, took: 4_000, verdict: "pass" }));
    expect(closingLook(metric, before, closing(8))).toEqual({ kind: "measure-now" });
    const underAnother = record(metric, started, at({ started: 5_000, verdict: "pass", weight: 0 }));
    expect(closingLook(metric, underAnother, closing(8))).toEqual({ kind: "measure-now" });
  });

  test("a late pass from before does not hide the latest look", () => {
    const failing = record(metric, started, at({ started: 5_000, verdict: "fail" }));
    const late = record(metric, failing, at({ started: 1_000, took: 6_000, verdict: "pass", weight: 0 }));
    expect(late.measurements.at(-1)?.verdict).toBe("fail");
    expect(closingLook(metric, late, closing(8)).kind).toBe("wait");
  });

  test("without a measurement it looks at once, but not before initialDelay", () => {
    expect(closingLook(metric, started, closing(34))).toEqual({ kind: "measure-now" });
    const delayed = aMetric({ interval: "1m", initialDelay: "2m" });
    expect(closingLook(delayed, begin(delayed, { now: t0 }), closing(34))).toMatchObject({ kind: "wait", until: t0 + 120_000 });
  });

  test.each([["fail"], ["inconclusive"], ["no-data"]] as const)("after %s it looks again in 10 s", (verdict) => {
    const forgiving = aMetric({ interval: "1m", failureLimit: 1, inconclusiveLimit: 1 });
    const status = record(forgiving, begin(forgiving, { now: t0 }), at({ started: 34_000, verdict }), { closing: true });
    expect(closingLook(forgiving, status, closing(35))).toEqual({ kind: "wait", until: t0 + 44_001, message: verdict });
    expect(closingLook(forgiving, status, closing(44.001))).toEqual({ kind: "measure-now" });
  });

  test("a shorter interval looks more often, but after an error Prometheus gets its 10 s", () => {
    const fast = aMetric({ interval: "2s", failureLimit: 5 });
    const failing = record(fast, begin(fast, { now: t0 }), at({ started: 34_000, verdict: "fail" }), { closing: true });
    expect(closingLook(fast, failing, closing(35))).toMatchObject({ until: t0 + 36_000 });
    const erring = record(fast, failing, at({ started: 37_000, verdict: "error" }), { closing: true });
    expect(closingLook(fast, erring, closing(38))).toMatchObject({ until: t0 + 47_001 });
  });

  test("failing looks count once per interval, and one is made right when it counts again", () => {
    let status = record(metric, started, at({ started: 34_000, verdict: "fail" }), { closing: true });
    expect(status).toMatchObject({ phase: "Running", failed: 1, message: "m: failed (1) <= failureLimit (1); fail" });
    for (const second of [44, 54, 64, 74, 84])
      status = record(metric, status, at({ started: second * 1_000, verdict: "fail" }), { closing: true });
    expect(status).toMatchObject({ phase: "Running", failed: 1 });
    expect(status.measurements.map(({ counted }) => counted)).toEqual([true, false, false, false, false, false]);
    status = record(metric, status, at({ started: 90_000, verdict: "fail" }), { closing: true });
    expect(closingLook(metric, status, closing(91))).toMatchObject({ kind: "wait", until: t0 + 94_000 });
    status = record(metric, status, at({ started: 94_000, verdict: "fail" }), { closing: true });
    expect(status).toMatchObject({ phase: "Failed", failed: 2 });
    expect(closingLook(metric, status, closing(95))).toEqual({ kind: "failed", message: "m: failed (2) > failureLimit (1); fail" });
  });

  test.each(["fail", "inconclusive"] as const)(
    "a scheduled %s milliseconds after a closing one that counted is the same trouble, not a second one",
    (verdict) => {
      const forgiving = aMetric({ interval: "1m", failureLimit: 1, inconclusiveLimit: 1 });
      const counters = verdict === "fail" ? "failed" : "inconclusive";
      let status = record(forgiving, begin(forgiving, { now: t0 }), at({ started: 0, verdict: "pass" }));
      status = record(forgiving, status, at({ started: 60_000, took: 3, verdict }), { closing: true });
      status = record(forgiving, status, at({ started: 60_005, took: 3, verdict }));
      expect(status).toMatchObject({ phase: "Running", [counters]: 1, measured: 2 });
      expect(status.measurements.map(({ counted }) => counted)).toEqual([true, true, false]);
      // The next one of the schedule is an interval later, and counts.
      expect(due(forgiving, status, { now: t0 + 61_000, startedAt: t0 })).toEqual({ at: t0 + 120_009 });
      status = record(forgiving, status, at({ started: 120_009, verdict }));
      expect(status[counters]).toBe(2);
      expect(["Failed", "Inconclusive"]).toContain(status.phase);
    },
  );

  test("a scheduled failure half an interval after a closing one that counted is a second one: the article's bad release ends after a minute", () => {
    let status = record(metric, started, at({ started: 30_000, verdict: "fail" }), { closing: true });
    status = record(metric, status, at({ started: 60_000, verdict: "fail" }));
    expect(status).toMatchObject({ phase: "Failed", failed: 2 });
  });

  test("two failures of the schedule both count, also when a closing look between them did not", () => {
    const twice = aMetric({ interval: "10s", failureLimit: 1 });
    let status = record(twice, begin(twice, { now: t0 }), at({ started: 0, verdict: "fail" }));
    status = record(twice, status, at({ started: 4_000, verdict: "fail" }), { closing: true });
    expect(status.failed).toBe(1);
    expect(record(twice, status, at({ started: 10_001, verdict: "fail" }))).toMatchObject({ phase: "Failed", failed: 2 });
  });

  test("inconclusive looks count once per interval and end Inconclusive", () => {
    let status = record(metric, started, at({ started: 34_000, verdict: "inconclusive" }), { closing: true });
    expect(status.phase).toBe("Inconclusive");
    expect(closingLook(metric, status, closing(35))).toEqual({
      kind: "inconclusive",
      message: "m: inconclusive (1) > inconclusiveLimit (0); inconclusive",
    });
    const forgiving = aMetric({ interval: "1m", inconclusiveLimit: 1 });
    status = begin(forgiving, { now: t0 });
    for (const second of [34, 44, 54, 64, 74, 84]) {
      status = record(forgiving, status, at({ started: second * 1_000, verdict: "inconclusive" }), { closing: true });
    }
    expect(status).toMatchObject({ phase: "Running", inconclusive: 1 });
  });

  test("closing looks consume no count and complete no row of passes", () => {
    const counted = aMetric({ interval: "1m", count: 2, consecutiveSuccessLimit: 2 });
    let status = record(counted, begin(counted, { now: t0 }), at({ started: 0, verdict: "pass" }));
    for (const second of [34, 44, 54])
      status = record(counted, status, at({ started: second * 1_000, verdict: "pass" }), { closing: true });
    expect(status).toMatchObject({ phase: "Running", measured: 1, successful: 1, consecutiveSuccesses: 1 });
    expect(closingLook(counted, status, closing(55))).toEqual({ kind: "passed" });
  });

  test("closing looks don't move the schedule of the metric's own measurements", () => {
    let status = record(metric, started, at({ started: 0, verdict: "pass" }));
    status = record(metric, status, at({ started: 34_000, verdict: "pass" }), { closing: true });
    expect(due(metric, status, { now: t0 + 40_000, startedAt: t0 })).toEqual({ at: t0 + 60_001 });
  });

  test("errors of closing looks end it in Error after five, missing data feeds noDataSince", () => {
    let status = started;
    for (const second of [34, 44, 54, 64, 74])
      status = record(metric, status, at({ started: second * 1_000, verdict: "error" }), { closing: true });
    expect(closingLook(metric, status, closing(75))).toMatchObject({ kind: "failed" });
    const without = record(metric, started, at({ started: 34_000, took: 500, verdict: "no-data" }), { closing: true });
    expect(without).toMatchObject({ noData: 1, noDataSince: "2026-01-01T00:00:34.000Z" });
    expect(record(metric, without, at({ started: 44_500, verdict: "error" })).noDataSince).toBe("2026-01-01T00:00:34.000Z");
    expect(record(metric, without, at({ started: 44_500, verdict: "pass" }))).not.toHaveProperty("noDataSince");
  });

  test("a metric that ended Successful still needs a pass under the weight now in force, and may still fail", () => {
    const once = aMetric({});
    const successful = record(once, begin(once, { now: t0 }), at({ started: 0, verdict: "pass", weight: 0 }));
    expect(successful.phase).toBe("Successful");
    expect(closingLook(once, successful, closing(34))).toEqual({ kind: "measure-now" });
    expect(due(once, successful, { now: t0 + 34_000, startedAt: t0, closing: true })).toBe(true);
    const passed = record(once, successful, at({ started: 34_000, verdict: "pass" }), { closing: true });
    expect(closingLook(once, passed, closing(35))).toEqual({ kind: "passed" });
    const failed = record(once, successful, at({ started: 34_000, verdict: "fail" }), { closing: true });
    expect(failed).toMatchObject({ phase: "Failed", message: "m: failed (1) > failureLimit (0); fail" });
  });

  test("two workers that measure at the same time count as one", () => {
    const forgiving = aMetric({ interval: "1m", failureLimit: 1 });
    const one = record(forgiving, begin(forgiving, { now: t0 }), at({ started: 0, took: 2_000, verdict: "fail" }));
    const both = record(forgiving, one, at({ started: 1_000, took: 2_000, verdict: "fail" }));
    expect(both).toMatchObject({ phase: "Running", failed: 1, measured: 1 });
  });

  test("law I6: it never says passed but for a latest pass, under this weight, at most 10 s old", () => {
    const look = fc.record({
      gap: fc.integer({ min: 0, max: 40_000 }),
      took: fc.integer({ min: 0, max: 5_000 }),
      verdict: fc.constantFrom(...verdicts),
      weight: fc.constantFrom(0, 30, 60),
      closing: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(look, { maxLength: 15 }), fc.integer({ min: 0, max: 60_000 }), (looks, changed) => {
        const patient = aMetric({ interval: "1m", failureLimit: 100, inconclusiveLimit: 100, consecutiveErrorLimit: 100 });
        let status = begin(patient, { now: t0 });
        let time = 0;
        for (const { gap, took, verdict, weight, closing: isClosing } of looks) {
          status = record(patient, status, at({ started: time + gap, took, verdict, weight }), { closing: isClosing });
          time += gap + took;
        }
        const now = t0 + time + 1_000;
        const answer = closingLook(patient, status, { now, weightChangedAt: t0 + changed, weight: 30 });
        const latest = status.measurements.at(-1);
        const good =
          latest?.verdict === "pass" &&
          latest.weight === 30 &&
          Date.parse(latest.startedAt) >= t0 + changed &&
          now - Date.parse(latest.finishedAt) <= 10_000;
        expect(answer.kind === "passed").toBe(good);
        if (answer.kind === "wait") expect(answer.until).toBeGreaterThan(now);
      }),
    );
  });
});
