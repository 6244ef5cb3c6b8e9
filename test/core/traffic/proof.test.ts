import { describe, expect, it } from "vitest";
import { judgeShift } from "../../../src/core/traffic/proof.ts";

const judge = (wantedWeight: number, canaryRequests: number, stableRequests: number) =>
  judgeShift({ wantedWeight, canaryRequests, stableRequests });

describe("the requests prove a weight", () => {
  it.each<[number, number, number, string, string]>([
    [30, 31, 69, "yes", "canary got 31 of 100 requests (31 %), wanted 30 %"],
    [30, 9, 91, "no", "canary got 9 of 100 requests (9 %), wanted 30 %"],
    [30, 0, 0, "unknown", "no requests since the weight was set, wanted 30 %"],
    [30, 0, 3, "yes", "canary got 0 of 3 requests (0 %), wanted 30 %"],
    [30, 0, 67, "no", "canary got 0 of 67 requests (0 %), wanted 30 %"],
    [99, 2000, 0, "no", "canary got 2000 of 2000 requests (100 %), wanted 99 %"],
    [0, 0, 100, "yes", "canary got 0 of 100 requests (0 %), wanted 0 %"],
    [0, 1, 99_999, "no", "canary got 1 of 100000 requests (less than 0.1 %), wanted 0 %"],
    [100, 100, 0, "yes", "canary got 100 of 100 requests (100 %), wanted 100 %"],
    [100, 9999, 1, "no", "canary got 9999 of 10000 requests (more than 99.9 %), wanted 100 %"],
    [50, 33.4, 33.4, "yes", "canary got 33 of 66 requests (50 %), wanted 50 %"],
    [60, 3, 7, "yes", "canary got 3 of 10 requests (30 %), wanted 60 %"],
  ])("wanted %d, %d to canary and %d to stable → %s", (wanted, canary, stable, reached, message) => {
    expect(judge(wanted, canary, stable)).toMatchObject({ reached, message });
  });

  it("a weight that was reached is refused at most once in 10,000 looks, for every whole percentage", () => {
    let worst = 0;
    for (let percent = 1; percent < 100; percent += 1) {
      for (const n of [1, 2, 3, 5, 8, 13, 20, 21, 40, 67, 100, 200, 500, 1000, 2000, 3000])
        worst = Math.max(worst, refusedByChance(percent / 100, n));
    }
    expect(worst).toBeLessThan(1 / 10_000);
  });

  it("the weight of one step before is told apart from 200 requests on", () => {
    for (const [before, wanted] of [
      [0, 30],
      [30, 60],
      [60, 100],
    ] as const)
      expect(judge(wanted, 2 * before, 200 - 2 * before).reached).toBe("no");
  });
});

/** The exact binomial probability that n honest draws are refused. */
function refusedByChance(p: number, n: number): number {
  let sum = 0;
  let logChoose = 0;
  for (let k = 0; k <= n; k += 1) {
    if (k > 0) logChoose += Math.log((n - k + 1) / k);
    if (judge(Math.round(p * 100), k, n - k).reached === "no") sum += Math.exp(logChoose + k * Math.log(p) + (n - k) * Math.log1p(-p));
  }
  return sum;
}
