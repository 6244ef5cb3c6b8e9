import fc from "fast-check";
import { expect, test } from "vitest";
import { look } from "../../../../src/core/analysis/sequential/look.ts";
import { barOf } from "../../../../src/core/analysis/sequential/rise.ts";
import { begin, type SequentialState } from "../../../../src/core/analysis/sequential/state.ts";
import { counted, type FiveSeconds, looked, type Pair, quiet, settings, t0 } from "./aLook.ts";

const aPair = (max: number): fc.Arbitrary<Pair> =>
  fc.tuple(fc.nat({ max }), fc.nat({ max })).map(([one, other]) => [Math.min(one, other), Math.max(one, other)] as const);
const written = (canary: Pair, stable: Pair): FiveSeconds => `${canary[0]}/${canary[1]} ${stable[0]}/${stable[1]}`;
const someLooks = (max: number) =>
  fc.array(
    fc.tuple(aPair(max), aPair(max)).map(([canary, stable]) => written(canary, stable)),
    { maxLength: 30 },
  );

/** Every outcome of so many looks at 2 requests of the canary and 3 of stable, with its probability; `each` sees it at every look. */
function every(looks: number, chance: { canary: number; stable: number }, each: (state: SequentialState, probability: number) => void) {
  const walk = (state: SequentialState, probability: number, left: number): void => {
    each(state, probability);
    if (left === 0) return;
    for (const [failed, one] of [0, 1, 2].map((hits) => [hits, ways(hits, 2, chance.canary)] as const))
      for (const [stableFailed, other] of [0, 1, 2, 3].map((hits) => [hits, ways(hits, 3, chance.stable)] as const)) {
        const at = (state.at - t0) / 1_000 + 5;
        walk(look(state, counted(at, [failed, 2], [stableFailed, 3]), by).state, probability * one * other, left - 1);
      }
  };
  const by = settings({ alpha: 0.2, tolerance: (chance.canary * (1 - chance.stable)) / (chance.stable * (1 - chance.canary)) });
  walk(begin(t0), 1, looks);
}

const ways = (hits: number, of: number, chance: number): number =>
  chance ** hits * (1 - chance) ** (of - hits) * (hits === 0 || hits === of ? 1 : of);

test.each([
  { canary: 0.3, stable: 0.3 },
  { canary: 0.5, stable: 0.5 },
  { canary: 0.05, stable: 0.05 },
  { canary: 0.5, stable: 0.4 },
])("errors at %j, odds as bad as is tolerated: the evidence is worth 1 at most, by every outcome of three looks", (chance) => {
  const worth = [0, 0, 0, 0];
  every(3, chance, (state, probability) => {
    const at = (state.at - t0) / 5_000;
    worth[at] = (worth[at] ?? 0) + probability * Math.exp(state.evidence);
  });
  // Rounding the state to four decimals is worth a ten-thousandth a look.
  expect(worth).toEqual([1, ...Array(3).fill(expect.toSatisfy((one: number) => one <= 1.0005))]);
});

test("ever reaching 1 / alpha is at most alpha likely, by every outcome of four looks", () => {
  let stopped = 0;
  const bar = barOf({ alpha: 0.2 });
  const seen = new Set<SequentialState>();
  const parents = new Map<number, number>();
  every(4, { canary: 0.4, stable: 0.4 }, (state, probability) => {
    const depth = (state.at - t0) / 5_000;
    // The walk is depth first: what stopped above counts once.
    for (const deeper of [...parents.keys()]) if (deeper >= depth) parents.delete(deeper);
    if (parents.size > 0 || state.evidence < bar - 0.001) return;
    parents.set(depth, probability);
    seen.add(state);
    stopped += probability;
  });
  expect(seen.size).toBeGreaterThan(0);
  expect(stopped).toBeLessThanOrEqual(0.2);
});

test("one look stops nothing, whatever it holds", () => {
  fc.assert(
    fc.property(aPair(1e9), aPair(1e9), fc.nat({ max: 40 }), (canary, stable, before) => {
      expect(looked([...quiet(before), written(canary, stable)]).verdict).not.toBe("fail");
    }),
  );
});

test("after a clean start nothing that lasts 15 s stops a plan, however often one looks and whatever it holds", () => {
  const { state } = looked(quiet(20));
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 500, max: 7_000 }), aPair(1e6)), { maxLength: 30 }), (looks) => {
      let now = state;
      for (const [wait, canary] of looks) {
        // The first look may have begun before the burst; every later one begins within it.
        if (now !== state && now.at - (state.at + (looks[0]?.[0] ?? 0)) >= 15_000) break;
        const next = look(now, { ...counted(0, canary, [1, 1_000]), at: now.at + wait }, settings());
        expect(next.verdict).not.toBe("fail");
        now = next.state;
      }
    }),
  );
});

test("one more error of the canary never lowers the evidence, one more of stable never raises it", () => {
  fc.assert(
    fc.property(someLooks(50), aPair(1_000), aPair(1_000), (before, [bad, requests], [stableBad, stableRequests]) => {
      const { state } = looked(before);
      const at = (state.at - t0) / 1_000 + 5;
      const after = (canary: Pair, stable: Pair) => look(state, counted(at, canary, stable), settings()).state.evidence;
      const evidence = after([bad, requests + 1], [stableBad, stableRequests + 1]);
      expect(after([bad + 1, requests + 1], [stableBad, stableRequests + 1])).toBeGreaterThanOrEqual(evidence);
      expect(after([bad, requests + 1], [stableBad + 1, stableRequests + 1])).toBeLessThanOrEqual(evidence);
    }),
  );
});

test("the state is numbers only, finite, and at most 1 KiB, after whatever was counted", () => {
  const pods = (max: number) =>
    fc.array(
      aPair(max).map(([bad, requests]) => ({ bad, requests })),
      { maxLength: 5 },
    );
  const huge = 1_000_000_000_000;
  const aLook = fc.record({
    wait: fc.integer({ min: 1, max: 1_000_000 }),
    window: fc.nat(),
    canary: aPair(huge),
    stable: aPair(huge),
    pods: pods(huge),
  });
  fc.assert(
    fc.property(fc.array(aLook, { maxLength: 60 }), (looks) => {
      let state = begin(t0);
      for (const { wait, window, canary, stable, pods } of looks) {
        const counts = counted(0, canary, stable, window);
        const withPods = { bad: stable[0], requests: stable[1], pods };
        state = look(state, { ...counts, stable: withPods, at: state.at + wait }, settings()).state;
      }
      const text = JSON.stringify(state);
      expect(text.length).toBeLessThanOrEqual(1_024);
      expect(JSON.parse(text)).toEqual(state);
      expect(text).not.toMatch(/null|:"/);
    }),
    // So many numbers would be shrunk for minutes.
    { endOnFailure: true },
  );
});

test("the state goes through JSON between looks", () => {
  const stored = (state: SequentialState) => JSON.parse(JSON.stringify(state)) as SequentialState;
  const looks: FiveSeconds[] = [...quiet(5), "3/5 0/95", "2/5 1/95"];
  let through = begin(t0);
  for (const one of looks) through = stored(looked([one], settings(), through).state);
  expect(through).toEqual(looked(looks).state);
});
