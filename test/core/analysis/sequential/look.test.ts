import { describe, expect, test } from "vitest";
import { look } from "../../../../src/core/analysis/sequential/look.ts";
import { begin } from "../../../../src/core/analysis/sequential/state.ts";
import { counted, looked, type Pair, quiet, settings, t0, times } from "./aLook.ts";

const bad = "12/25 2/475";

describe("verdicts", () => {
  test("half of the canary's requests fail: two looks stop it, one does not", () => {
    expect(looked([bad]).verdict).toBe("no-data");
    const stopped = looked([bad, bad]);
    expect(stopped.verdict).toBe("fail");
    expect(stopped.evidence.odds).toBeCloseTo(100, 0);
    expect(stopped.evidence.tally).toEqual({ since: t0, canary: { requests: 50, bad: 24 }, stable: { requests: 950, bad: 4 } });
  });

  test("what a stop tells begins where the evidence was last on the canary's side", () => {
    const { state } = looked(quiet(20));
    const stopped = looked(times(8, bad), settings(), state);
    expect(stopped.evidence.tally).toEqual({ since: state.at, canary: { requests: 200, bad: 96 }, stable: { requests: 3_800, bad: 16 } });
  });

  test("no pass before minRequests of the canary, nor of stable", () => {
    expect(looked(quiet(9)).verdict).toBe("no-data");
    expect(looked(quiet(10)).verdict).toBe("pass");
    expect(looked(quiet(10), settings({ minRequests: 51 })).verdict).toBe("no-data");
    expect(looked(["0/500 0/49"]).verdict).toBe("no-data");
    expect(looked(["0/500 0/50"]).verdict).toBe("pass");
  });

  test("no errors at all pass: there is nothing against the canary", () => {
    expect(looked(["0/50 0/950"])).toMatchObject({ verdict: "pass", state: { evidence: 0 } });
  });

  test("the odds are against the canary, but not 100 : 1: the step waits, and goes on when the errors turn out to be stable's too", () => {
    const waiting = looked([...quiet(10), "2/5 0/95"]);
    expect(waiting.verdict).toBe("inconclusive");
    expect(looked(times(10, "0/5 0/95"), settings(), waiting.state).verdict).toBe("inconclusive");
    expect(looked(times(10, "0/5 2/95"), settings(), waiting.state).verdict).toBe("pass");
    expect(looked([...quiet(10), "2/5 0/95"], settings({ suspicion: 20 })).verdict).toBe("pass");
  });

  test("another weight: requests are counted anew, the evidence goes on", () => {
    const { state } = looked([...quiet(10), "2/5 0/95"]);
    const next = look(state, counted(60, [0, 20], [0, 80], 1), settings());
    expect(next.verdict).toBe("no-data");
    expect(next.evidence.tally).toEqual({ since: state.at, canary: { requests: 20, bad: 0 }, stable: { requests: 80, bad: 0 } });
    expect(next.state.evidence).toBe(state.evidence);
  });

  test("a minute without requests: what was seen earlier is no pass any more", () => {
    const { state } = looked(quiet(10));
    expect(looked(times(11, "0/0 0/95"), settings(), state).verdict).toBe("pass");
    expect(looked(times(12, "0/0 0/95"), settings(), state).verdict).toBe("no-data");
  });

  test("without requests of stable nothing is compared; held against a share, the canary is judged all the same", () => {
    expect(looked(times(4, "12/25 0/0"))).toMatchObject({ verdict: "no-data", state: { evidence: 0 } });
    expect(looked(times(4, "12/25 0/0"), settings({ against: { share: 0.01 } })).verdict).toBe("fail");
  });

  test("under weight 100 the canary is held against what stable did before", () => {
    const { state } = looked(times(20, "0/30 1/70"));
    const under100 = (from: typeof state, looks: number, [failed, requests]: Pair) => {
      let last = look(from, counted(0, [0, 0], [0, 0], 1), settings());
      for (let at = 1; at <= looks; at++)
        last = look(last.state, { at: state.at + at * 5_000, window: 1, canary: { bad: failed, requests } }, settings());
      return last;
    };
    const good = under100(state, 10, [1, 100]);
    expect(good.verdict).toBe("pass");
    expect(good.evidence.before).toEqual({ bad: 20, requests: 1_400 });
    expect(under100(state, 10, [50, 100]).verdict).toBe("fail");
    expect(under100(looked(["0/30 1/49"]).state, 10, [50, 100]).verdict).toBe("no-data");
  });

  test("a share: 1 % is allowed, 0.5 % passes, 5 % is stopped", () => {
    const onePercent = settings({ against: { share: 0.01 } });
    expect(looked(times(12, "1/200 0/0"), onePercent).verdict).toBe("pass");
    expect(looked(times(12, "10/200 0/0"), onePercent).verdict).toBe("fail");
  });

  test("tolerance: three times the odds are no harm where four times are allowed", () => {
    expect(looked(times(40, "6/400 4/800")).verdict).toBe("fail");
    expect(looked(times(40, "6/400 4/800"), settings({ tolerance: 4 })).verdict).toBe("pass");
  });

  test("alpha: a smaller one needs more", () => {
    expect(looked([bad, bad], settings({ alpha: 0.001 })).verdict).not.toBe("fail");
    expect(looked([bad, bad, bad], settings({ alpha: 0.001 })).verdict).toBe("fail");
  });
});

describe("guards", () => {
  test("after a clean first minute a hiccup of 15 s, four looks long, stops nothing; a fault that stays does", () => {
    const { state } = looked(quiet(20));
    expect(looked([bad, bad, bad, bad], settings(), state).verdict).toBe("inconclusive");
    expect(looked([bad, bad, bad, bad, bad, bad], settings(), state).verdict).toBe("fail");
    expect(looked([bad, bad], settings({ hiccup: 0 }), looked(quiet(20)).state).verdict).toBe("inconclusive");
    expect(looked([bad, bad, bad], settings({ hiccup: 0 }), looked(quiet(20)).state).verdict).toBe("fail");
  });

  test("what the brakes held back in a hiccup is gone afterwards", () => {
    const { state } = looked([...quiet(20), bad, bad, bad, bad]);
    const after = looked(quiet(24), settings(), state);
    expect(after.verdict).toBe("pass");
  });

  test("however often one looks within a hiccup, eight rises are remembered, and none is forgotten", () => {
    const { state } = looked(quiet(20));
    let now = state;
    for (let at = 1; at <= 30; at++)
      now = look(now, { ...counted(0, [2, 40], [3, 760]), at: state.at + at * 450 }, settings({ alpha: 1e-6 })).state;
    expect(now.rises).toHaveLength(8);
    expect(now.rises.reduce((sum, [, by]) => sum + by, 0)).toBeCloseTo(now.evidence - state.evidence, 2);
  });

  test("errors that one pod of several has count once, those of all pods in full", () => {
    const pods = (...each: Pair[]) => ({
      ...counted(5, [each.reduce((sum, [failed]) => sum + failed, 0), 25 * each.length], [2, 900]),
    });
    const by = (...each: Pair[]) => {
      const counts = pods(...each);
      const canary = { ...counts.canary, pods: each.map(([failed, requests]) => ({ bad: failed, requests })) };
      return look(begin(t0), { ...counts, canary }, settings()).evidence.tally.canary;
    };
    expect(by([12, 25], [0, 25])).toEqual({ bad: 1, requests: 50 });
    expect(by([12, 25], [2, 25])).toEqual({ bad: 5, requests: 50 });
    expect(by([12, 25], [11, 25])).toEqual({ bad: 23, requests: 50 });
    expect(by([12, 25])).toEqual({ bad: 12, requests: 25 });
    expect(by([12, 25], [0, 0])).toEqual({ bad: 12, requests: 25 });
  });

  test("pods that are warming up are left out", () => {
    const cold = { bad: 12, requests: 25, age: 29_999 };
    const by = settings({ warmUp: 30_000 });
    const tally = (canary: object) => look(begin(t0), { ...counted(5, [12, 25], [2, 475]), canary: canary as never }, by).evidence.tally;
    expect(tally(cold).canary).toEqual({ bad: 0, requests: 0 });
    expect(tally({ ...cold, age: 30_000 }).canary).toEqual({ bad: 12, requests: 25 });
    expect(tally({ ...cold, age: 60_000, pods: [cold, { bad: 1, requests: 30, age: 60_000 }] }).canary).toEqual({ bad: 1, requests: 30 });
  });

  test("errors that come in clumps on stable's pods count less on the canary", () => {
    const clumped = (state = begin(t0), at = 1) =>
      look(state, { ...counted(at * 5, [0, 50], [0, 950]), stable: stableOf([40, 0, 0, 0, 0]) }, settings()).state;
    const stableOf = (each: number[]) => ({
      bad: each.reduce((sum, one) => sum + one, 0),
      requests: 190 * each.length,
      pods: each.map((bad) => ({ bad, requests: 190 })),
    });
    const after = [2, 3, 4].reduce((state, at) => clumped(state, at), clumped());
    // χ² of 40, 0, 0, 0, 0 is 160 on 4 degrees of freedom; four times that, and 20 assumed.
    expect(after.dispersion).toEqual({ chiSquare: 640, freedom: 16 });
    const { evidence } = look(after, counted(25, [2, 50], [0, 950]), settings());
    expect(evidence.dispersion).toBeCloseTo((640 + 20) / (16 + 20), 9);
    const gain = (dispersion: typeof after.dispersion) =>
      look({ ...begin(t0), dispersion }, counted(5, [1, 50], [0, 950]), settings()).state.evidence;
    expect(gain(after.dispersion)).toBeGreaterThan(0);
    expect(gain(after.dispersion)).toBeLessThan(gain({ chiSquare: 0, freedom: 0 }) / 3);
  });
});

describe("late and impossible counts", () => {
  test("a look that is not later than the last one changes nothing", () => {
    const { state } = looked(quiet(10));
    for (const seconds of [50, 49, 0]) expect(look(state, counted(seconds, [25, 25], [0, 475]), settings()).state).toBe(state);
  });

  test.each([
    ["NaN requests", [0, Number.NaN], "NaN is not a number of requests"],
    ["negative", [0, -1], "-1 is not a number of requests"],
    ["a fraction", [0, 1.5], "1.5 is not a number of requests"],
    ["beyond 2^53", [0, 2 ** 53], "9007199254740992 is not a number of requests"],
    ["infinite", [0, Number.POSITIVE_INFINITY], "Infinity is not a number of requests"],
    ["NaN errors", [Number.NaN, 5], "NaN of 5 requests can't be bad"],
    ["more errors than requests", [6, 5], "6 of 5 requests can't be bad"],
  ] as const)("%s", (_, pair, message) => {
    expect(() => look(begin(t0), counted(5, pair, [0, 95]), settings())).toThrow(new RangeError(`canary: ${message}`));
    expect(() => look(begin(t0), counted(5, [0, 5], pair), settings())).toThrow(new RangeError(`stable: ${message}`));
    const [failed, requests] = pair;
    const canary = { bad: 0, requests: 5, pods: [{ bad: failed, requests }] };
    expect(() => look(begin(t0), { ...counted(5, [0, 5], [0, 95]), canary }, settings())).toThrow(new RangeError(`canary: ${message}`));
  });

  test("no time", () => {
    expect(() => look(begin(t0), { ...counted(5, [0, 5], [0, 95]), at: Number.NaN }, settings())).toThrow("NaN is not a time");
  });

  test.each([
    [{ alpha: 0 }, "alpha must be above 0 and at most 0.2, not 0"],
    [{ alpha: Number.NaN }, "alpha must be above 0 and at most 0.2, not NaN"],
    [{ tolerance: 0.9 }, "tolerance must be from 1 to 100, not 0.9"],
    [{ minRequests: 0 }, "minRequests must be a whole number from 1, not 0"],
    [{ warmUp: -1 }, "warmUp must be milliseconds from 0, not -1"],
    [{ suspicion: 100 }, "suspicion must be at least 1 and below 1 / alpha, not 100"],
    [{ against: { share: 1 } }, "share must be above 0 and below 1, not 1"],
    [{ hiccup: Number.POSITIVE_INFINITY }, "hiccup must be milliseconds from 0, not Infinity"],
    [{ settling: -1 }, "settling must be milliseconds from 0, not -1"],
  ])("settings %j", (changes, message) => {
    expect(() => looked([bad], settings(changes))).toThrow(new RangeError(message));
  });
});
