import { describe, expect, test } from "vitest";
import { play } from "../../../bench/analysis/play.ts";

/* A tenth of `make bench-analysis`, its sharpest rows; the whole table is in test/bench/README.md. Seeded, so it does not flicker. */

const weight = 0.05;
const healthy = 0.005;

describe.each([10, 100, 1_000])("%i requests/s, weight 5 %%", (rps) => {
  test("healthy plans of 30 min: at most 1 % are stopped", () => {
    const { Serin } = play({ scenario: { rps, weight, errors: healthy }, plans: 200, rules: ["Serin"] });
    expect(Serin?.stopped).toBeLessThanOrEqual(0.01);
  });

  test("with bursts on the canary's one pod fewer are stopped than by the article's rule", () => {
    const scenario = { rps, weight, errors: healthy, bursts: "one canary pod" as const };
    const { Serin, A } = play({ scenario, plans: 100, rules: ["Serin", "A"] });
    expect(Serin?.stopped).toBeLessThanOrEqual(A?.stopped ?? 0);
  });
});

test.each([
  [10, 15],
  [100, 10],
  [1_000, 10],
])("%i requests/s, half of the canary's fail: half of the plans are stopped within %i s", (rps, seconds) => {
  const { Serin } = play({ scenario: { rps, weight, errors: 0.5 }, plans: 1_000, rules: ["Serin"] });
  expect(Serin?.median).toBeLessThanOrEqual(seconds);
});

test("2 % against 0.5 % at 100 requests/s: as soon as the test without guards, and one look", () => {
  const { Serin, E } = play({ scenario: { rps: 100, weight, errors: 0.02 }, plans: 400, rules: ["Serin", "E"] });
  expect(Serin?.median).toBeLessThanOrEqual((E?.median ?? 0) + 5);
});
