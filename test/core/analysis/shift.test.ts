import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Counts, observeCounts, type ShiftState, shares } from "../../../src/core/analysis/shift.ts";

const revisions = { settledAt: 1_000, stable: "old", canary: "new" };
const counts = (at: number, byRevision: Record<string, number>, of: Partial<Counts> = {}): Counts => ({
  at,
  reporters: 10,
  resets: 0,
  byRevision: new Map(Object.entries(byRevision)),
  ...of,
});
const observe = (...samples: Counts[]): ShiftState =>
  samples.reduce<ShiftState | undefined>((state, sample) => observeCounts(state, sample, revisions), undefined) as ShiftState;

describe("which share the canary really got", () => {
  test("the first sample at or after settledAt is the baseline, what came before counts for nothing", () => {
    const state = observe(counts(900, { old: 100, new: 50 }), counts(1_000, { old: 200, new: 60 }), counts(2_000, { old: 270, new: 90 }));
    expect(shares(state)).toEqual({ canary: 30, stable: 70, total: 100 });
  });

  test("nothing is known before the second sample, or while no request flows", () => {
    expect(shares(observe(counts(900, { old: 1 })))).toBeUndefined();
    expect(shares(observe(counts(1_000, { old: 1 })))).toBeUndefined();
    expect(shares(observe(counts(1_000, { old: 1 }), counts(2_000, { old: 1 })))).toBeUndefined();
  });

  test("a sample that is not newer changes nothing", () => {
    const state = observe(counts(1_000, { old: 0 }), counts(2_000, { old: 10 }));
    expect(observeCounts(state, counts(2_000, { old: 99 }), revisions)).toBe(state);
    expect(observeCounts(state, counts(1_500, { old: 5 }), revisions)).toBe(state);
  });

  // The sums hold all that the callers ever sent: taken for new requests, a tenth of a million of stable's would hide the canary's share for good.
  test.each<[string, Partial<Counts>, Record<string, number>]>([
    ["one of ten callers goes away", { reporters: 9 }, { old: 900_800, new: 620 }],
    ["one that was not scraped is back", { reporters: 11 }, { old: 1_100_800, new: 620 }],
    ["one starts over", { resets: 1 }, { old: 1_000_770, new: 610 }],
    ["one takes another's place", {}, { old: 900_800, new: 620 }],
  ])("%s: that difference is left out, and counting goes on from there", (_, of, sums) => {
    const before = [counts(1_000, { old: 1_000_000, new: 0 }), counts(2_000, { old: 1_000_700, new: 300 })];
    const after = counts(3_000, sums, of);
    expect(shares(observe(...before, after))).toEqual({ canary: 300, stable: 700, total: 1_000 });
    const later = counts(4_000, { old: (sums["old"] ?? 0) + 70, new: (sums["new"] ?? 0) + 30 }, of);
    expect(shares(observe(...before, after, later))).toEqual({ canary: 330, stable: 770, total: 1_100 });
  });

  test("nor does all that ever was count, when Prometheus was restarted and has found the proxies again", () => {
    const empty = counts(2_000, {}, { reporters: 0 });
    const back = counts(3_000, { old: 1_000_000, new: 300 });
    expect(shares(observe(counts(1_000, { old: 999_000, new: 0 }), empty, back))).toBeUndefined();
  });

  test("a series that is new since the baseline counts from 0, one that goes away keeps what it had", () => {
    expect(shares(observe(counts(1_000, { old: 100 }), counts(2_000, { old: 110, new: 5 }), counts(3_000, { old: 120 })))).toEqual({
      canary: 5,
      stable: 20,
      total: 25,
    });
  });

  test("every series that is not the canary's is stable's", () => {
    const state = observe(counts(1_000, { old: 0, "": 0, latest: 0 }), counts(2_000, { old: 1, "": 2, latest: 3, new: 4 }));
    expect(shares(state)).toEqual({ canary: 4, stable: 6, total: 10 });
  });

  test("another settledAt starts over", () => {
    const before = observe(counts(1_000, { new: 0 }), counts(2_000, { new: 10 }));
    expect(shares(observeCounts(before, counts(3_000, { new: 20 }), { ...revisions, settledAt: 2_500 }))).toBeUndefined();
  });

  test("law: without restarts the shares are last minus baseline, and sums are kept", () => {
    const step = fc.record({ old: fc.nat(1_000), new: fc.nat(1_000), "": fc.nat(1_000) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 20 }), (steps) => {
        const running: Record<string, number> = { old: 0, new: 0, "": 0 };
        const samples = steps.map((grown, index) => {
          for (const [name, by] of Object.entries(grown)) running[name] = (running[name] ?? 0) + by;
          return counts(1_000 + index, { ...running });
        });
        const sum = (pick: (grown: (typeof steps)[number]) => number) => steps.slice(1).reduce((total, grown) => total + pick(grown), 0);
        const canary = sum((grown) => grown.new);
        const stable = sum((grown) => grown.old + grown[""]);
        const total = canary + stable;
        expect(shares(observe(...samples))).toEqual(total === 0 ? undefined : { canary, stable, total });
      }),
    );
  });
});
