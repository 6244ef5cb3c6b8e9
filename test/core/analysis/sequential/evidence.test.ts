import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  joined,
  logEvidence,
  loweredTo,
  type Mixture,
  mixtureAtStart,
  type Trials,
  weighed,
} from "../../../../src/core/analysis/sequential/evidence.ts";

const evidenceOf = (mixture: Mixture, elapsed = 0): number => Math.exp(logEvidence(mixture, elapsed));
const odds = 1 / 19;

describe("by hand", () => {
  // Σ share · (e^h)^hits · ((1 + odds) / (1 + odds·e^h))^trials over the nine harms, worked out beside this project, and the waiting tenth.
  test.each([
    ["nothing seen is even", 0, 0, 1],
    ["one error, the canary's, at 5 % of the requests", 1, 1, 7.092756],
    ["two of two", 2, 2, 72.287065],
    ["one of stable's", 0, 1, 0.679329],
    ["three of four", 3, 4, 328.074352],
  ])("%s", (_, hits, trials, expected) => {
    expect(evidenceOf(weighed(mixtureAtStart, { hits, trials, odds }))).toBeCloseTo(expected, 6);
  });

  test("three of a hundred requests failed where one percent is allowed", () => {
    expect(evidenceOf(weighed(mixtureAtStart, { hits: 3, trials: 100, odds: 0.01 / 0.99 }))).toBeCloseTo(1.113788, 6);
  });

  test("clumps of four: a quarter of each harm's logarithm", () => {
    const [plain, clumped] = [1, 4].map((dispersion) => weighed(mixtureAtStart, { hits: 3, trials: 4, odds }, dispersion));
    const gain = (mixture: Mixture | undefined) => mixture?.map((log, at) => log - (mixtureAtStart[at] ?? 0)) ?? [];
    expect(gain(clumped)).toEqual(gain(plain).map((log) => expect.closeTo(log / 4, 10)));
  });
});

describe("laws", () => {
  const anOdds = fc.double({ min: 1e-4, max: 1e4, noNaN: true });
  const someTrials = fc
    .tuple(fc.nat({ max: 1_000_000_000 }), fc.nat({ max: 1_000_000_000 }), anOdds)
    .map(([hits, misses, odds]): Trials => ({ hits, trials: hits + misses, odds }));

  test("no harm: what the next look may bring is worth no more than what is there, by every outcome that it can have", () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 14 }),
        anOdds,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.constantFrom(1, 1.7, 5),
        (trials, odds, part, dispersion) => {
          const before = weighed(mixtureAtStart, { hits: 1, trials: 2, odds: 0.1 });
          const chance = (odds * part) / (1 + odds * part);
          const mean = outcomes(trials, chance).reduce(
            (sum, [hits, probability]) => sum + probability * evidenceOf(weighed(before, { hits, trials, odds }, dispersion)),
            0,
          );
          expect(mean).toBeLessThanOrEqual(evidenceOf(before) * (1 + 1e-9));
          if (part === 1 && dispersion === 1) expect(mean).toBeCloseTo(evidenceOf(before), 9);
        },
      ),
    );
  });

  test("at the very bound of harm it is a fair game", () => {
    const mean = outcomes(10, odds / (1 + odds)).reduce(
      (sum, [hits, chance]) => sum + chance * evidenceOf(weighed(mixtureAtStart, { hits, trials: 10, odds })),
      0,
    );
    expect(mean).toBeCloseTo(1, 12);
  });

  test("looks under the same odds can be merged, and looks come in any order", () => {
    fc.assert(
      fc.property(someTrials, someTrials, (one, two) => {
        const same = { ...two, odds: one.odds };
        const both = { hits: one.hits + same.hits, trials: one.trials + same.trials, odds: one.odds };
        expectAlike(weighed(weighed(mixtureAtStart, one), same), weighed(mixtureAtStart, both), both.trials);
        expectAlike(weighed(weighed(mixtureAtStart, one), two), weighed(weighed(mixtureAtStart, two), one), both.trials);
      }),
    );
  });

  test("a hit instead of a miss never lowers the evidence, one more of each moves it the way it should", () => {
    fc.assert(
      fc.property(someTrials, (trials) => {
        const at = (changes: Partial<Trials>) => logEvidence(weighed(mixtureAtStart, { ...trials, ...changes }), 0);
        const { hits, trials: all } = trials;
        expect(at({ hits: hits + 1, trials: all + 1 })).toBeGreaterThanOrEqual(at({}));
        expect(at({ trials: all + 1 })).toBeLessThanOrEqual(at({}));
      }),
    );
  });

  test("harms that begin later join without changing what the evidence is worth", () => {
    fc.assert(
      fc.property(fc.nat({ max: 1e9 }), fc.nat({ max: 1e9 }), (one, two) => {
        const [from, to] = [Math.min(one, two), Math.max(one, two)];
        expect(logEvidence(joined(joined(mixtureAtStart, 0, from), from, to), to)).toBeCloseTo(0, 9);
      }),
    );
  });

  test("lowered to a value, it has that value, and never rises", () => {
    fc.assert(
      fc.property(someTrials, fc.double({ min: -2, max: 50, noNaN: true }), (trials, log) => {
        const mixture = weighed(mixtureAtStart, trials);
        const before = logEvidence(mixture, 0);
        expect(logEvidence(loweredTo(log, mixture, 0), 0)).toBeCloseTo(Math.min(before, log), 6);
      }),
    );
  });
});

/** Each number of hits with its binomial probability. */
function outcomes(trials: number, chance: number): Array<readonly [hits: number, probability: number]> {
  let ways = 1;
  return Array.from({ length: trials + 1 }, (_, hits) => {
    if (hits > 0) ways = (ways * (trials - hits + 1)) / hits;
    return [hits, ways * chance ** hits * (1 - chance) ** (trials - hits)] as const;
  });
}

/** Alike up to what sums of so many trials lose in double precision. */
function expectAlike(one: Mixture, other: Mixture, trials: number): void {
  for (const [at, log] of one.entries()) expect(Math.abs(log - (other[at] ?? 0))).toBeLessThanOrEqual(1e-9 + 1e-14 * trials);
}
