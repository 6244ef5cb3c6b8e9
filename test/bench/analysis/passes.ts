import { look } from "../../../src/core/analysis/sequential/look.ts";
import { begin } from "../../../src/core/analysis/sequential/state.ts";
import { seeded } from "./random.ts";
import { settings } from "./rules.ts";
import { type Scenario, traffic } from "./traffic.ts";

export interface Passes {
  /** Share of the plans whose first verdict on enough requests is a pass: what a step that is over by then would go on with. */
  readonly atOnce: number;
  /** Seconds that a plan waits from enough requests to its pass, 95 % of those that get one. */
  readonly waitP95: number;
  /** Share that passes at any time in the plan. */
  readonly ever: number;
}

/** What a pass is worth under the defaults. */
export function passes(scenario: Scenario, plans: number): Passes {
  const waits: number[] = [];
  for (let plan = 0; plan < plans; plan++) {
    const wait = waitOf(scenario, plan);
    if (wait !== undefined) waits.push(wait);
  }
  waits.sort((a, b) => a - b);
  return {
    atOnce: waits.filter((wait) => wait === 0).length / plans,
    waitP95: waits[Math.ceil(waits.length * 0.95) - 1] ?? Number.POSITIVE_INFINITY,
    ever: waits.length / plans,
  };
}

function waitOf(scenario: Scenario, plan: number): number | undefined {
  let state = begin(0);
  let enoughAt: number | undefined;
  for (const { at, canary, stable } of traffic(scenario, seeded(plan, scenario.rps, Math.round(scenario.weight * 100)))) {
    const next = look(state, { at: at * 1_000, window: 0, canary, stable }, settings);
    state = next.state;
    if (next.verdict === "fail") return undefined;
    if (next.verdict === "no-data") continue;
    enoughAt ??= at;
    if (next.verdict === "pass") return at - enoughAt;
  }
  return undefined;
}
