import type { PodCounts, Side } from "../../../src/core/analysis/sequential/counts.ts";
import { poisson, type Random } from "./random.ts";

/** The settings of ../shared/research/performance.md §3.3. Seconds. */
const tick = 5;
export const horizon = 1_800;
const baseline = 0.005;
const burst = { lasts: 15, errors: 0.5, every: 1_800 };

export interface Scenario {
  /** Requests per second of both sides together. */
  readonly rps: number;
  /** Share of the canary. */
  readonly weight: number;
  /** Error rate of the canary, 0.005 for a healthy one. */
  readonly errors: number;
  /** Seconds between looks; absent: 5. */
  readonly every?: number;
  /** Seconds of good health before it. */
  readonly turnsBadAt?: number;
  /** Whether pods hiccup: 15 s of 50 % errors, for each such pod once per 30 min on average. */
  readonly bursts?: "one canary pod" | "all pods";
  /** Pods that are told apart; absent: each side is one. */
  readonly pods?: { readonly canary: number; readonly stable: number };
}

/** What both sides did since the tick before. */
export interface Tick {
  /** Seconds from the start. */
  readonly at: number;
  readonly canary: Side;
  readonly stable: Side;
}

/** The minutes of one plan, tick by tick. Requests and errors of every pod are Poisson numbers. */
export function* traffic(scenario: Scenario, random: Random): Generator<Tick> {
  const { rps, weight, errors, every = tick, turnsBadAt = 0, pods = { canary: 1, stable: 1 } } = scenario;
  const hiccups = (index: number, side: "canary" | "stable") =>
    scenario.bursts === "all pods" || (scenario.bursts === "one canary pod" && side === "canary" && index === 0);
  const started = (side: "canary" | "stable") =>
    Array.from({ length: pods[side] }, (_, index) => (hiccups(index, side) ? burstsOf(random) : []));
  const bursts = { canary: started("canary"), stable: started("stable") };
  for (let at = every; at <= horizon; at += every) {
    const side = (name: "canary" | "stable", share: number, rate: number): Side => {
      const each = bursts[name].map((starts) => {
        const inBurst = shareInBurst(starts, at, every);
        return aPod(random, (rps * share * every) / pods[name], rate * (1 - inBurst) + burst.errors * inBurst);
      });
      return scenario.pods === undefined ? sum(each) : { ...sum(each), pods: each };
    };
    yield {
      at,
      canary: side("canary", weight, at > turnsBadAt ? errors : baseline),
      stable: side("stable", 1 - weight, baseline),
    };
  }
}

function aPod(random: Random, requests: number, rate: number): PodCounts {
  const bad = poisson(random, requests * rate);
  return { bad, requests: bad + poisson(random, requests * (1 - rate)) };
}

function sum(pods: readonly PodCounts[]): Side {
  return pods.reduce((all, { requests, bad }) => ({ requests: all.requests + requests, bad: all.bad + bad }), { requests: 0, bad: 0 });
}

function burstsOf(random: Random): number[] {
  const starts: number[] = [];
  const gap = () => -Math.log(1 - random()) * burst.every;
  for (let at = gap(); at < horizon; at += gap()) starts.push(at);
  return starts;
}

/** Which share of the tick that ends at `at` is within a burst. */
function shareInBurst(starts: readonly number[], at: number, every: number): number {
  const covered = starts.reduce(
    (seconds, start) => seconds + Math.max(0, Math.min(at, start + burst.lasts) - Math.max(at - every, start)),
    0,
  );
  return Math.min(1, covered / every);
}
