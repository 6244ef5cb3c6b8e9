import { describe, expect, test } from "vitest";
import type { Verdict } from "../../../src/api/metricStatus.ts";
import { assess, begin, due, record, terminate } from "../../../src/core/analysis/run.ts";
import { aMetric, at, measured, t0 } from "./aMetric.ts";

// Tables C, L and R of research/peers.md §4a.

const ended = (metric: ReturnType<typeof aMetric>, ...verdicts: Verdict[]) => measured(metric, verdicts);

describe("how often a metric is measured", () => {
  test.each([[{}], [{ count: 0 }]])("C1: no interval and count %j: exactly one measurement", (fields) => {
    const metric = aMetric(fields);
    expect(due(metric, undefined, { now: t0, startedAt: t0 })).toBe(true);
    const status = ended(metric, "pass");
    expect(status).toMatchObject({ phase: "Successful", message: "m: measured (1) reached count (1); pass" });
    expect(due(metric, status, { now: t0 + 3_600_000, startedAt: t0 })).toBe(false);
  });

  test("C2: an interval without count runs until it is stopped, then counts as Successful", () => {
    const metric = aMetric({ interval: "1m" });
    const status = ended(metric, ...Array<Verdict>(50).fill("pass"));
    expect(status.phase).toBe("Running");
    expect(terminate(status).phase).toBe("Successful");
    expect(terminate(ended(metric, "fail")).phase).toBe("Failed");
  });

  test("C3: count 3 ends after three measurements; errors and missing data don't count", () => {
    const metric = aMetric({ interval: "1m", count: 3 });
    expect(ended(metric, "pass", "error", "pass", "error").phase).toBe("Running");
    expect(ended(metric, "pass", "error", "pass", "no-data").phase).toBe("Running");
    expect(ended(metric, "pass", "error", "pass", "error", "no-data", "pass").phase).toBe("Successful");
  });

  test.each([
    [{ count: 2 }, "count 2 needs an interval"],
    [
      { interval: "1m", count: 3, failureLimit: 2, consecutiveSuccessLimit: 2 },
      "count (3) < failureLimit (2) + consecutiveSuccessLimit (2)",
    ],
    [{ interval: "1m", count: 2, inconclusiveLimit: 3 }, "count (2) < inconclusiveLimit (3)"],
    [{ failureLimit: -1 }, "failureLimit -1 never fails the metric, so it needs a consecutiveSuccessLimit above 0"],
    [{ failureLimit: -2 }, "failureLimit is -2: use -1 to forgive every failure, or 0 and above"],
    [{ interval: "1 minute" }, '"1 minute" is not a duration: write it like 30s, 1m, 1h30m or 500ms'],
  ])("C4: %j contradicts itself: the metric ends in Error before it is measured", (fields, reason) => {
    const metric = aMetric(fields);
    const status = begin(metric, { now: t0 });
    expect(status).toMatchObject({ phase: "Error", message: `m: analysis spec invalid: ${reason}` });
    expect(due(metric, status, { now: t0, startedAt: t0 })).toBe(false);
  });

  test("C5: the interval counts from finishedAt of the last measurement, strictly after", () => {
    const metric = aMetric({ interval: "1m" });
    const status = record(metric, begin(metric, { now: t0 }), at({ started: 0, took: 4_000, verdict: "pass" }));
    expect(due(metric, status, { now: t0 + 64_000, startedAt: t0 })).toEqual({ at: t0 + 64_001 });
    expect(due(metric, status, { now: t0 + 64_001, startedAt: t0 })).toBe(true);
  });

  test("C5: a measurement under way is never joined by a second one", () => {
    expect(due(aMetric({ interval: "1m" }), undefined, { now: t0, startedAt: t0, measuring: true })).toBe(false);
  });

  test.each([["1s"], ["1h"], [undefined]])("C6: after an error the next try is 10 s later, interval %s or not", (interval) => {
    const metric = aMetric({ ...(interval !== undefined && { interval }) });
    expect(due(metric, ended(metric, "error"), { now: t0, startedAt: t0 })).toEqual({ at: t0 + 10_001 });
  });

  test("C7: initialDelay: the first measurement comes that long after the start", () => {
    const metric = aMetric({ interval: "1m", initialDelay: "5m" });
    const status = begin(metric, { now: t0 });
    expect(status.phase).toBe("Pending");
    expect(due(metric, status, { now: t0 + 299_999, startedAt: t0 })).toEqual({ at: t0 + 300_000 });
    expect(due(metric, status, { now: t0 + 300_000, startedAt: t0 })).toBe(true);
  });
});

describe("how a metric ends", () => {
  test("L1: one failure with failureLimit 0 fails it", () => {
    expect(ended(aMetric({ interval: "1m" }), "fail")).toMatchObject({
      phase: "Failed",
      message: "m: failed (1) > failureLimit (0); fail",
    });
  });

  test("L2: failureLimit 1 forgives one failure, not two", () => {
    const metric = aMetric({ interval: "1m", failureLimit: 1 });
    expect(ended(metric, "fail")).toMatchObject({ phase: "Running", message: "m: failed (1) <= failureLimit (1); fail" });
    expect(ended(metric, "fail", "fail")).toMatchObject({ phase: "Failed", message: "m: failed (2) > failureLimit (1); fail" });
  });

  test("L3: failures are a total: a pass does not reset them", () => {
    expect(ended(aMetric({ interval: "1m", failureLimit: 1 }), "fail", "pass", "pass", "fail").phase).toBe("Failed");
  });

  test("L4: five errors in a row end it in Error, a pass after four resets them", () => {
    const metric = aMetric({ interval: "1m" });
    expect(ended(metric, "error", "error", "error", "error")).toMatchObject({ phase: "Running", consecutiveErrors: 4 });
    expect(ended(metric, "error", "error", "error", "error", "pass")).toMatchObject({ phase: "Running", consecutiveErrors: 0, errors: 4 });
    expect(ended(metric, "error", "error", "error", "error", "error")).toMatchObject({
      phase: "Error",
      message: "m: consecutiveErrors (5) > consecutiveErrorLimit (4); error",
    });
  });

  test("L5: more than inconclusiveLimit inconclusive measurements end it Inconclusive", () => {
    const metric = aMetric({ interval: "1m", inconclusiveLimit: 1 });
    expect(ended(metric, "inconclusive").phase).toBe("Running");
    expect(ended(metric, "inconclusive", "pass", "inconclusive")).toMatchObject({
      phase: "Inconclusive",
      message: "m: inconclusive (2) > inconclusiveLimit (1); inconclusive",
    });
  });

  test("L6: failureLimit -1: failures never fail it", () => {
    const metric = aMetric({ interval: "1m", failureLimit: -1, consecutiveSuccessLimit: 2 });
    expect(ended(metric, ...Array<Verdict>(30).fill("fail")).phase).toBe("Running");
  });

  test("L7: consecutiveSuccessLimit reached ends it at once, before count", () => {
    const metric = aMetric({ interval: "1m", count: 10, failureLimit: 5, consecutiveSuccessLimit: 3 });
    expect(ended(metric, "fail", "pass", "pass").phase).toBe("Running");
    expect(ended(metric, "fail", "pass", "pass", "pass")).toMatchObject({
      phase: "Successful",
      message: "m: consecutiveSuccesses (3) reached consecutiveSuccessLimit (3); pass",
    });
  });

  test.each([["fail"], ["inconclusive"], ["error"], ["no-data"]] as const)("L7: %s ends a row of passes", (between) => {
    const metric = aMetric({ interval: "1m", failureLimit: 5, inconclusiveLimit: 5, consecutiveSuccessLimit: 2 });
    expect(ended(metric, "pass", between, "pass")).toMatchObject({ phase: "Running", consecutiveSuccesses: 1 });
  });

  test("L8: count reached with both limits neither met nor broken is Inconclusive", () => {
    const metric = aMetric({ interval: "1m", count: 4, failureLimit: 2, consecutiveSuccessLimit: 2 });
    expect(ended(metric, "pass", "fail", "pass", "fail").phase).toBe("Inconclusive");
  });

  test("L9: count reached without the wanted row of passes, where failures can't fail it, is Failed", () => {
    const metric = aMetric({ interval: "1m", count: 4, failureLimit: -1, consecutiveSuccessLimit: 2 });
    expect(ended(metric, "pass", "fail", "pass", "fail").phase).toBe("Failed");
  });

  test("L10: of several broken limits the later check wins: Failed, Inconclusive, Error", () => {
    const metric = aMetric({ interval: "1m", failureLimit: 3, inconclusiveLimit: 3 });
    const both = { ...ended(metric, "pass"), failed: 4, inconclusive: 4 };
    expect(record(metric, both, at({ started: 60_000, verdict: "pass" })).phase).toBe("Inconclusive");
    const all = { ...both, consecutiveErrors: 4 };
    expect(record(metric, all, at({ started: 60_000, verdict: "error" })).phase).toBe("Error");
  });

  test("a built-in in a step that wants to see more takes its time; a wanted row of passes is waited for, and no person is", () => {
    const builtin = { name: "m", builtin: { successRate: {} } };
    const inStep = (more: object, ...verdicts: Verdict[]) => {
      const metric = { ...builtin, ...more };
      return verdicts.reduce(
        (status, verdict, index) => record(metric, status, at({ started: index * 2_000, verdict })),
        begin(metric, { now: t0, step: 1 }),
      ).phase;
    };
    expect(inStep({ consecutiveSuccessLimit: 2 }, "pass")).toBe("Running");
    expect(inStep({ consecutiveSuccessLimit: 2 }, "pass", "inconclusive", "pass")).toBe("Running");
    expect(inStep({ consecutiveSuccessLimit: 2 }, "inconclusive", "pass", "pass")).toBe("Successful");
    expect(inStep({ count: 2, consecutiveSuccessLimit: 2 }, "inconclusive", "pass")).toBe("Running");
    expect(inStep({ count: 2, consecutiveSuccessLimit: 2 }, "inconclusive", "pass", "pass")).toBe("Successful");
    expect(inStep({ count: 3, failureLimit: 1, consecutiveSuccessLimit: 2 }, "pass", "fail", "inconclusive")).toBe("Failed");
    expect(inStep({}, "pass")).toBe("Successful");
  });

  test("a broken metric only remembers what comes late", () => {
    const metric = aMetric({ interval: "1m" });
    const failed = ended(metric, "fail");
    const later = record(metric, failed, at({ started: 60_000, verdict: "pass" }));
    expect(later).toMatchObject({ phase: "Failed", successful: 0, message: failed.message });
    expect(later.measurements.at(-1)).toMatchObject({ verdict: "pass", counted: false });
  });
});

describe("all metrics as one", () => {
  const running = ended(aMetric({ interval: "1m" }), "pass");
  const successful = ended(aMetric({}), "pass");
  const inconclusive = ended(aMetric({}), "inconclusive");
  const error = ended(aMetric({ consecutiveErrorLimit: 0 }), "error");
  const failed = ended(aMetric({}), "fail");

  test("R1: all must finish, the worst wins", () => {
    expect(assess([]).phase).toBe("Successful");
    expect(assess([begin(aMetric({}), { now: t0 })]).phase).toBe("Pending");
    expect(assess([successful, running]).phase).toBe("Running");
    expect(assess([successful, successful]).phase).toBe("Successful");
    expect(assess([successful, inconclusive]).phase).toBe("Inconclusive");
    expect(assess([inconclusive, error, successful]).phase).toBe("Error");
    expect(assess([failed, error, inconclusive])).toEqual({ phase: "Failed", message: "m: failed (1) > failureLimit (0); fail" });
  });

  test("R2: one broken metric ends them all, those under way count as Successful", () => {
    expect(assess([running, failed]).phase).toBe("Failed");
    expect(terminate(running).phase).toBe("Successful");
  });

  test("R3: terminated before the first measurement is Successful", () => {
    expect(terminate(begin(aMetric({}), { now: t0 })).phase).toBe("Successful");
  });
});
