import { describe, expect, test } from "vitest";
import { type LookSettings, lookAtCounts } from "../../../../src/core/analysis/builtin/look.ts";
import { t0 } from "../aMetric.ts";

type Pair = [requests: number, bad: number];
const settings: LookSettings = { against: "stable", bad: "failed", alpha: 0.01, tolerance: 1.25, minRequests: 50 };

/** The verdicts of these looks, five seconds apart, one after the other. */
function looks(over: Partial<LookSettings>, ...ticks: Array<[canary: Pair, stable?: Pair, window?: number]>) {
  let state: unknown;
  return ticks.map(([[requests, bad], [ofStable, badStable] = [1_000, 0], window = 1], index) => {
    const since = t0 + index * 5_000;
    const counts = { since, at: since + 5_000, window, canary: { requests, bad }, stable: { requests: ofStable, bad: badStable } };
    const looked = lookAtCounts(state, counts, { ...settings, ...over });
    state = JSON.parse(JSON.stringify(looked.state));
    return looked;
  });
}
const verdicts = (...args: Parameters<typeof looks>) => looks(...args).map(({ verdict }) => verdict);

describe("the plain judge", () => {
  test("few requests are missing data, never a pass; enough of them pass, with their numbers", () => {
    const seen = looks({}, [[20, 0]], [[29, 0]], [[1, 0]]);
    expect(seen.map(({ verdict, message }) => [verdict, message])).toEqual([
      ["no-data", "20 of 50 requests of the canary under this weight"],
      ["no-data", "49 of 50 requests of the canary under this weight"],
      ["pass", "0 of 50 (0 %) of the canary failed, 0 of 3000 (0 %) of stable"],
    ]);
  });

  test("none of stable to compare with is missing data; a threshold needs none", () => {
    expect(
      verdicts({}, [
        [100, 0],
        [0, 0],
      ]),
    ).toEqual(["no-data"]);
    expect(
      verdicts({ against: { share: 0.1 } }, [
        [100, 0],
        [0, 0],
      ]),
    ).toEqual(["pass"]);
  });

  test("half of the requests bad fails at the second look, also before minRequests", () => {
    const [first, second] = looks({ minRequests: 1_000 }, [[20, 10]], [[20, 11]]);
    expect(first?.verdict).toBe("no-data");
    expect(second).toMatchObject({ verdict: "fail", message: "21 of 40 (52.5 %) of the canary failed, 0 of 2000 (0 %) of stable" });
    expect(verdicts({}, [[100, 40]])).toEqual(["inconclusive"]);
  });

  test("against a threshold stable's own trouble excuses nothing; compared, it does", () => {
    const trouble: [Pair, Pair] = [
      [200, 60],
      [200, 60],
    ];
    expect(verdicts({ against: { share: 0.05 } }, trouble, trouble).at(-1)).toBe("fail");
    expect(verdicts({}, trouble, trouble).at(-1)).toBe("pass");
  });

  test("another window counts its requests anew; what speaks against the canary goes on", () => {
    expect(verdicts({}, [[500, 0]], [[10, 0], [1_000, 0], 2])).toEqual(["pass", "no-data"]);
    expect(verdicts({}, [[100, 50], [1_000, 0], 1], [[100, 50], [1_000, 0], 2]).at(-1)).toBe("fail");
  });
});
