import { look } from "../../../src/core/analysis/sequential/look.ts";
import { type SequentialSettings, sequentialDefaults } from "../../../src/core/analysis/sequential/settings.ts";
import { begin } from "../../../src/core/analysis/sequential/state.ts";
import type { Tick } from "./traffic.ts";

/** Looks at a tick and says whether it stops the plan now. One rule judges one plan. */
export type Rule = (tick: Tick) => boolean;

/** A success rate over the last minute against a bar, as Argo Rollouts' and Flagger's users write it. No request is no failure. */
function windowed(least: number, everySeconds: number, stops: (failed: number, failedBefore: number) => boolean): () => Rule {
  return () => {
    let minute: Tick[] = [];
    let failed = 0;
    return (tick) => {
      const { at } = tick;
      minute = [...minute.filter((one) => one.at > at - 60), tick];
      if (at % everySeconds !== 0) return false;
      const requests = minute.reduce((all, { canary }) => all + canary.requests, 0);
      const bad = minute.reduce((all, { canary }) => all + canary.bad, 0);
      const before = failed;
      if (requests > 0 && 1 - bad / requests < least) failed++;
      return stops(failed, before);
    };
  };
}

/** Wald's test of 1 % against 5 % with alpha 0.01 and beta 0.05, begun anew each time it accepts. */
function repeatedSprt(): Rule {
  const [good, poor, upper, lower] = [0.01, 0.05, Math.log(0.95 / 0.01), Math.log(0.05 / 0.99)];
  let log = 0;
  return ({ canary: { requests, bad } }) => {
    log += bad * Math.log(poor / good) + (requests - bad) * Math.log((1 - poor) / (1 - good));
    if (log <= lower) log = 0;
    return log >= upper;
  };
}

/** Column E of performance.md: 24 harms of equal share, each look in full, no guard. */
function unguarded(): Rule {
  const harms = Array.from({ length: 24 }, (_, at) => (at + 1) / 4);
  const logs = harms.map(() => -Math.log(harms.length));
  return ({ canary, stable }) => {
    if (canary.requests === 0 || stable.requests === 0) return false;
    const odds = canary.requests / stable.requests;
    for (const [at, harm] of harms.entries())
      logs[at] = (logs[at] ?? 0) + canary.bad * harm + (canary.bad + stable.bad) * (Math.log1p(odds) - Math.log1p(odds * Math.exp(harm)));
    const largest = Math.max(...logs);
    return largest + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - largest), 0)) >= Math.log(100);
  };
}

/** The defaults, canary against stable. */
export const settings: SequentialSettings = { ...sequentialDefaults, against: "stable", bad: "failed" };

/** The judge of src/core/analysis/sequential. */
function serin(changes: Partial<SequentialSettings>): () => Rule {
  return () => {
    let state = begin(0);
    return ({ at, canary, stable }) => {
      const next = look(state, { at: at * 1_000, window: 0, canary, stable }, { ...settings, ...changes });
      state = next.state;
      return next.verdict === "fail";
    };
  };
}

/** Makes a rule for each plan. */
export const rules = {
  /** The article: at least 95 % in the last minute, looked at each minute, the second failure stops. */
  A: windowed(0.95, 60, (failed) => failed > 1),
  /** Flagger: at least 99 % in the last minute, each minute, threshold 5, rolled back at the look after. */
  F: windowed(0.99, 60, (_, before) => before >= 5),
  /** The same every 10 s. */
  F10: windowed(0.99, 10, (_, before) => before >= 5),
  S: repeatedSprt,
  E: unguarded,
  Serin: serin({}),
  "Serin, tolerance 1.25": serin({ tolerance: 1.25 }),
} satisfies Record<string, () => Rule>;

export type RuleName = keyof typeof rules;
