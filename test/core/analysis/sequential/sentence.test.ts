import { expect, test } from "vitest";
import { sentence } from "../../../../src/core/analysis/sequential/sentence.ts";
import { looked, settings, t0 } from "./aLook.ts";

const evidence = (changes: object = {}) => ({
  odds: 10_000,
  dispersion: 1,
  silence: 0,
  tally: { since: t0, canary: { bad: 37, requests: 150 }, stable: { bad: 4, requests: 2_850 } },
  ...changes,
});

test.each([
  [
    "fail",
    evidence(),
    settings(),
    "canary 37 of 150 requests failed (24.7 %), stable 4 of 2,850 (0.1 %): odds 10,000 : 1 against equal since 14:03:10",
  ],
  [
    "fail",
    evidence({ odds: 123.4 }),
    settings({ tolerance: 1.25, bad: "took longer than 500ms" }),
    "canary 37 of 150 requests took longer than 500ms (24.7 %), stable 4 of 2,850 (0.1 %): odds 120 : 1 against 1.25 times stable's since 14:03:10",
  ],
  [
    "fail",
    evidence({ odds: 100 }),
    settings({ against: { share: 0.01 } }),
    "canary 37 of 150 requests failed (24.7 %), allowed 1 %: odds 100 : 1 against that since 14:03:10",
  ],
  [
    "inconclusive",
    evidence({ odds: 4.29, tally: { since: t0, canary: { bad: 1, requests: 60 }, stable: { bad: 0, requests: 1_140 } } }),
    settings(),
    "canary 1 of 60 requests failed (1.7 %), stable 0 of 1,140 (0 %): odds 4.2 : 1 against equal since 14:03:10; the step waits until they fall to 1 : 1, and 100 : 1 stop the plan",
  ],
  [
    "pass",
    evidence({ odds: 0.4, tally: { since: t0, canary: { bad: 3, requests: 812 }, stable: { bad: 1, requests: 15_400 } } }),
    settings(),
    "canary 3 of 812 requests failed (0.4 %), stable 1 of 15,400 (0.006 %) since 14:03:10: no sign of harm",
  ],
  [
    "no-data",
    evidence({ odds: 1, tally: { since: t0, canary: { bad: 0, requests: 12 }, stable: { bad: 0, requests: 1_240 } } }),
    settings(),
    "too few requests to judge: canary 12, stable 1,240 since 14:03:10; needed: 50 of each",
  ],
  [
    "pass",
    evidence({
      odds: 0.4,
      before: { bad: 60, requests: 15_400 },
      tally: { since: t0, canary: { bad: 3, requests: 812 }, stable: { bad: 0, requests: 0 } },
    }),
    settings(),
    "canary 3 of 812 requests failed (0.4 %), stable before 60 of 15,400 (0.4 %) since 14:03:10: no sign of harm",
  ],
  [
    "no-data",
    evidence({ odds: 1, silence: 65_000, tally: { since: t0, canary: { bad: 0, requests: 80 }, stable: { bad: 0, requests: 0 } } }),
    settings({ against: { share: 0.05 } }),
    "too few requests to judge: canary 80 since 14:03:10, none for 1m5s; needed: 50",
  ],
] as const)("%s", (verdict, seen, by, expected) => {
  expect(sentence({ verdict, evidence: seen }, by)).toBe(expected);
});

test("just stopped", () => {
  const stopped = looked(["12/25 2/475", "13/25 3/475"]);
  expect(sentence(stopped, settings())).toBe(
    "canary 25 of 50 requests failed (50 %), stable 5 of 950 (0.5 %): odds 100 : 1 against equal since 14:03:10",
  );
});
