import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { settleTime } from "../../../src/core/analysis/settle.ts";

describe("settleTime", () => {
  test("a duration is taken as it is", () => {
    expect(settleTime({ setting: "2s" })).toEqual({ ms: 2_000, message: "settle 2s, as the policy says" });
  });

  test("Auto is debounce + convergence + max(0.3 s, 20 %)", () => {
    expect(settleTime({ setting: "Auto", debounceP99Seconds: 1, convergenceP99Seconds: 0.1 })).toEqual({
      ms: 1_400,
      message: "settle 1.4s: p99 debounce 1s + p99 convergence 100ms + margin 300ms",
    });
    expect(settleTime({ setting: "Auto", debounceP99Seconds: 5, convergenceP99Seconds: 5 }).ms).toBe(12_000);
  });

  test("a slow debounce counts although the convergence alone reads 1 ms (lab: istiod held its pushes for 3 s)", () => {
    expect(settleTime({ setting: "Auto", debounceP99Seconds: 3, convergenceP99Seconds: 0.001 }).ms).toBeGreaterThan(3_500);
  });

  test("at least 0.5 s, at most 30 s", () => {
    expect(settleTime({ setting: "Auto", debounceP99Seconds: 0, convergenceP99Seconds: 0 }).ms).toBe(500);
    const slow = settleTime({ setting: "Auto", debounceP99Seconds: 30, convergenceP99Seconds: Number.POSITIVE_INFINITY });
    expect(slow.ms).toBe(30_000);
    expect(slow.message).toContain("set traffic.settle to a duration");
  });

  test.each([
    [{}, "settle 5s: Prometheus has no data of istiod's pilot_debounce_time and pilot_proxy_convergence_time"],
    [{ debounceP99Seconds: Number.NaN, convergenceP99Seconds: 0.1 }, "settle 5s: Prometheus has no data of istiod's pilot_debounce_time"],
    [{ debounceP99Seconds: 0.1 }, "settle 5s: Prometheus has no data of istiod's pilot_proxy_convergence_time"],
  ])("without data (%j) 5 s", (figures, message) => {
    expect(settleTime({ setting: "Auto", ...figures })).toEqual({ ms: 5_000, message });
  });

  test("half of the data that already takes longer than 5 s is heard", () => {
    expect(settleTime({ setting: "Auto", debounceP99Seconds: 10 }).ms).toBe(12_000);
  });

  test("law: Auto is always between 0.5 s and 30 s, whatever Prometheus says", () => {
    fc.assert(
      fc.property(fc.option(fc.double()), fc.option(fc.double()), (debounce, convergence) => {
        const { ms } = settleTime({
          setting: "Auto",
          debounceP99Seconds: debounce ?? undefined,
          convergenceP99Seconds: convergence ?? undefined,
        });
        expect(ms).toBeGreaterThanOrEqual(500);
        expect(ms).toBeLessThanOrEqual(30_000);
      }),
    );
  });
});
