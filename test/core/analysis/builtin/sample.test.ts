import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { growthBetween } from "../../../../src/core/analysis/builtin/sample.ts";
import { t0 } from "../aMetric.ts";
import { aSample } from "./counters.ts";

const grown = (...samples: Parameters<typeof growthBetween>) => {
  const growth = growthBetween(...samples);
  return growth.kind === "grown" ? growth.series.map(({ value }) => value) : growth;
};

describe("what counters grew by", () => {
  test("each series by its difference, since the sample before", () => {
    expect(growthBetween(aSample(0, { "c 200": 10, "s 200": 100 }), aSample(5, { "c 200": 15, "s 200": 100 }))).toEqual({
      kind: "grown",
      since: t0,
      series: [{ labels: { destination_canonical_revision: "c", response_code: "200" }, value: 5 }],
    });
  });

  test("a series that is new counts from 0: the first errors of a canary, and its first requests", () => {
    expect(grown(aSample(0, { "s 200": 100 }), aSample(5, { "s 200": 110, "c 200": 3, "c 503": 4 }))).toEqual([10, 3, 4]);
  });

  test("a series that is gone takes nothing along", () => {
    expect(grown(aSample(0, { "s 200": 100, "s 404": 5 }), aSample(5, { "s 200": 110 }))).toEqual([10]);
  });

  test("the same scrape again, or one that came late, is nothing new", () => {
    expect(growthBetween(aSample(5, { "c 200": 1 }), aSample(5, { "c 200": 1 })).kind).toBe("same");
    expect(growthBetween(aSample(5, { "c 200": 1 }), aSample(3, { "c 200": 9 })).kind).toBe("same");
  });

  test.each([
    // One of ten gateways starts over: good requests seem to have been few, bad ones as many as ever.
    ["a restart that hides in the sum", aSample(5, { "c 200": 120, "c 503": 20 }, { resets: 1 })],
    ["a proxy that no longer reports", aSample(5, { "c 200": 120 }, { reporters: 0 })],
    ["a proxy that reports again, with all its past", aSample(5, { "c 200": 90_000 }, { reporters: 2 })],
  ])("%s: this difference is left out", (_what, after) => {
    expect(growthBetween(aSample(0, { "c 200": 100 }), after).kind).toBe("restarted");
  });

  test("a counter that went down for no reason that is seen may be another replica's, which has scraped less", () => {
    expect(growthBetween(aSample(0, { "c 200": 100 }), aSample(5, { "c 200": 50 })).kind).toBe("behind");
  });

  // Prometheus was restarted without its data, or none of the proxies was scraped for five minutes: then the next sample holds all that ever was.
  test("nor is the whole past of proxies that nobody scraped a growth", () => {
    const empty = aSample(0, {}, { reporters: 0 });
    expect(growthBetween(empty, aSample(5, { "c 200": 90_000, "c 503": 40_000 })).kind).toBe("restarted");
    expect(growthBetween(empty, aSample(5, {}, { reporters: 0 }))).toMatchObject({ kind: "grown", series: [] });
  });

  test("resets that leave the window are none", () => {
    expect(grown(aSample(0, { "c 200": 100 }, { resets: 2 }), aSample(5, { "c 200": 110 }, { resets: 0 }))).toEqual([10]);
  });

  test("law: without restarts the differences add up to last minus first", () => {
    const steps = fc.array(fc.nat({ max: 1_000 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(steps, (each) => {
        let total = 7;
        let sum = 0;
        let before = aSample(0, { "c 200": total });
        each.forEach((step, index) => {
          total += step;
          const after = aSample(index + 1, { "c 200": total });
          const growth = growthBetween(before, after);
          if (growth.kind === "grown") sum += growth.series.reduce((all, { value }) => all + value, 0);
          before = after;
        });
        expect(sum).toBe(total - 7);
      }),
    );
  });
});
