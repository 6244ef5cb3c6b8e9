import { describe, expect, test } from "vitest";
import { type LookSettings, lookAtCounts } from "../../../../src/core/analysis/builtin/look.ts";
import { t0 } from "../aMetric.ts";

/* How the sequential judge is asked; what it says is tested in ../sequential. */

type Pair = [requests: number, bad: number];
const settings: LookSettings = { against: "stable", bad: "failed", alpha: 0.01, tolerance: 1, minRequests: 50, warmUp: 0 };

/** The looks of these ticks, five seconds apart, one after the other; `null` for stable: it gets nothing. */
function looks(over: Partial<LookSettings>, ...ticks: Array<[canary: Pair, stable?: Pair | null | undefined, window?: number]>) {
  let state: unknown;
  return ticks.map(([[requests, bad], stable = [1_000, 0], window = 1], index) => {
    const since = t0 + index * 5_000;
    const ofStable = stable && { requests: stable[0], bad: stable[1] };
    const counts = { since, at: since + 5_000, weightSince: t0, window, canary: { requests, bad }, ...(ofStable && { stable: ofStable }) };
    const looked = lookAtCounts(state, counts, { ...settings, ...over });
    state = JSON.parse(JSON.stringify(looked.state));
    return looked;
  });
}
const verdicts = (...args: Parameters<typeof looks>) => looks(...args).map(({ verdict }) => verdict);

describe("a built-in's looks", () => {
  test("few requests are missing data, enough pass, half of them bad fail at the second look, with their numbers", () => {
    const [few, enough] = looks({}, [[20, 0]], [[30, 0]]);
    expect([few?.verdict, enough?.verdict]).toEqual(["no-data", "pass"]);
    expect(few?.message).toBe("too few requests to judge: canary 20, stable 1,000 since 00:00:00; needed: 50 of each");
    expect(enough?.message).toBe("canary 0 of 50 requests failed (0 %), stable 0 of 2,000 (0 %) since 00:00:00: no sign of harm");
    expect(verdicts({}, [[100, 50]], [[100, 50]])).toEqual(["inconclusive", "fail"]);
  });

  test("another weight needs its own requests; what speaks against the canary goes on", () => {
    expect(verdicts({}, [[60, 0]], [[20, 0], undefined, 2])).toEqual(["pass", "no-data"]);
    expect(verdicts({}, [[100, 50]], [[100, 50], undefined, 2])).toEqual(["inconclusive", "fail"]);
  });

  test("without stable's requests the canary is held against what they were like until then", () => {
    const good: [Pair, Pair] = [
      [500, 5],
      [5_000, 50],
    ];
    expect(verdicts({}, good, [[200, 2], null, 2])).toEqual(["pass", "pass"]);
    const bad: [Pair, null, number] = [[200, 100], null, 2];
    expect(verdicts({}, good, bad, bad, bad).at(-1)).toBe("fail");
  });

  test("while a canary is warming up its slow requests are no evidence and no pass, and that is said", () => {
    const slow = looks({ warmUp: 12_000 }, [[100, 90]], [[0, 0]], [[100, 90]], [[100, 0]]);
    expect(slow.map(({ verdict }) => verdict)).toEqual(["no-data", "no-data", "no-data", "pass"]);
    expect(slow[0]?.message).toBe("warming up: what the canary answers in its first 12s is not judged");
    expect(slow[1]?.message).toContain("too few requests to judge");
  });

  test("where scrapes are a minute apart, too: a difference that holds the canary's first requests is left out whole", () => {
    const slow = { canary: { requests: 900, bad: 90 }, stable: { requests: 900, bad: 0 }, window: 1, weightSince: t0 };
    const warm = { ...settings, warmUp: 30_000 };
    // The last scrape before the canary's first request, the one after it, and the next ones.
    const first = lookAtCounts(undefined, { ...slow, since: t0 - 15_000, at: t0 + 45_000 }, warm);
    expect(first).toMatchObject({ verdict: "no-data", early: true });
    const second = lookAtCounts(first.state, { ...slow, canary: { requests: 900, bad: 0 }, since: t0 + 45_000, at: t0 + 105_000 }, warm);
    expect(second.verdict).toBe("pass");
  });

  test("under weight 100 from the start there is nothing to compare with, ever: it says what to do", () => {
    const [, looked] = looks({}, [[500, 0], null], [[500, 0], null]);
    expect(looked?.verdict).toBe("no-data");
    expect(looked?.message).toBe(
      "nothing to compare with: stable answered 0 requests beside the canary before it got none, needed: 50; add a step with a lower weight, or a threshold (min, max)",
    );
    expect(verdicts({ against: { share: 0.01 } }, [[500, 0], null])).toEqual(["pass"]);
  });

  test("a clock that goes back by an hour hides nothing: the pass of before is none under the next weight, and what is bad is seen", () => {
    const at = (seconds: number, window: number, [requests, bad]: Pair) => ({
      ...{ since: t0 + (seconds - 5) * 1_000, at: t0 + seconds * 1_000, weightSince: t0, window },
      ...{ canary: { requests, bad }, stable: { requests: 1_000, bad: 0 } },
    });
    const good = lookAtCounts(undefined, at(3_605, 1, [200, 0]), settings);
    expect(good.verdict).toBe("pass");
    const few = lookAtCounts(good.state, at(5, 2, [10, 0]), settings);
    expect(few.verdict).toBe("no-data");
    const one = lookAtCounts(good.state, at(5, 2, [100, 50]), settings);
    const two = lookAtCounts(one.state, at(10, 2, [100, 50]), settings);
    expect([one.verdict, two.verdict]).toEqual(["inconclusive", "fail"]);
    const silent = [15, 45, 80].reduce((before, seconds) => lookAtCounts(before.state, at(seconds, 1, [0, 0]), settings), good);
    expect(silent.verdict).toBe("no-data");
  });

  test("counters that don't add up, and a memory that is none of ours, are no crash", () => {
    expect(verdicts({}, [[100.000_000_1, 100.2]], [[-3, 5]]).every((verdict) => verdict !== "pass")).toBe(true);
    for (const verdict of verdicts(
      {},
      [[1e300, 1e299]],
      [
        [1e300, 1e300],
        [Number.MAX_VALUE, 0],
      ],
    ))
      expect(verdict).not.toBe("pass");
    const counts = {
      since: t0,
      at: t0 + 5_000,
      weightSince: t0,
      window: 1,
      canary: { requests: 60, bad: 0 },
      stable: { requests: 60, bad: 0 },
    };
    const fresh = lookAtCounts(undefined, counts, settings);
    for (const memory of [{ standing: 1 }, [], "x", 7, null, { ...(fresh.state as object), evidence: null }])
      expect(lookAtCounts(memory, counts, settings)).toEqual(fresh);
  });
});
