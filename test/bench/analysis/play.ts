import { seeded } from "./random.ts";
import { type Rule, type RuleName, rules } from "./rules.ts";
import { type Scenario, traffic } from "./traffic.ts";

/** Many plans of one scenario, each judged by several rules. */
export interface Job {
  readonly scenario: Scenario;
  readonly plans: number;
  readonly rules: readonly RuleName[];
}

/** How a rule fared. */
export interface Fared {
  /**
   * Seconds (from the start, or from when the canary turned bad) until half, and until 95 %, of the plans are stopped; Infinity where they
   * never are. A plan that was stopped before its canary turned bad counts as 0.
   */
  readonly median: number;
  readonly p95: number;
  /** Share of the plans that are stopped within 30 min. */
  readonly stopped: number;
  /** Failed requests of the canary per plan until it is stopped, on average. */
  readonly failedRequests: number;
}

export type Played = Partial<Record<RuleName, Fared>>;

/** All rules see the same plans: the seed is the plan's number with its traffic. */
export function play({ scenario, plans, rules: names }: Job): Played {
  const tracks = names.map((name) => ({ name, times: [] as number[], failedRequests: 0 }));
  for (let plan = 0; plan < plans; plan++) {
    for (const [at, stop] of playOne(names, scenario, plan).entries()) {
      tracks[at]?.times.push(stop.at);
      if (tracks[at] !== undefined) tracks[at].failedRequests += stop.failed;
    }
  }
  return Object.fromEntries(tracks.map(({ name, times, failedRequests }) => [name, fared(times, failedRequests / plans)]));
}

/** One plan: when each rule stops it, and how many requests failed until then. */
function playOne(names: readonly RuleName[], scenario: Scenario, plan: number): Array<{ at: number; failed: number }> {
  const running = names.map((name): { rule: Rule | undefined; at: number; failed: number } => ({
    rule: rules[name](),
    at: Number.POSITIVE_INFINITY,
    failed: 0,
  }));
  const badSince = scenario.turnsBadAt ?? 0;
  for (const tick of traffic(scenario, seeded(plan, scenario.rps, Math.round(scenario.weight * 100)))) {
    for (const one of running) {
      if (one.rule === undefined) continue;
      if (tick.at > badSince) one.failed += tick.canary.bad;
      if (!one.rule(tick)) continue;
      one.at = Math.max(0, tick.at - badSince);
      one.rule = undefined;
    }
    if (running.every(({ rule }) => rule === undefined)) break;
  }
  return running;
}

function fared(times: readonly number[], failedRequests: number): Fared {
  const sorted = times.toSorted((a, b) => a - b);
  const quantile = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.POSITIVE_INFINITY;
  const stopped = sorted.filter(Number.isFinite).length / sorted.length;
  return { median: quantile(0.5), p95: quantile(0.95), stopped, failedRequests };
}
