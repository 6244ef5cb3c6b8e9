import { type Counts, none } from "./counts.ts";
import { type Dispersion, noDispersion } from "./dispersion.ts";
import { type Mixture, mixtureAtStart } from "./evidence.ts";
import type { Rise } from "./rise.ts";

/** Counts of both sides from some time on. */
export interface Tally {
  /** ms since epoch. */
  readonly since: number;
  readonly canary: Counts;
  readonly stable: Counts;
}

/** Everything that the judge remembers of one metric of one plan: numbers only, less than 1 KiB as JSON. */
export interface SequentialState {
  /** When the canary began to get requests, ms since epoch. */
  readonly startedAt: number;
  /** The latest look. */
  readonly at: number;
  /** The latest look with requests that could be judged; `startedAt` before the first. */
  readonly heardAt: number;
  readonly mixture: Mixture;
  /** Log evidence that counts: at most the mixture's (rise.ts). */
  readonly evidence: number;
  readonly rises: readonly Rise[];
  readonly dispersion: Dispersion;
  /** All of stable's requests that were judged: what is left to hold the canary against under weight 100. */
  readonly stable: Counts;
  /** Which weight is in force, and what was counted under it: `minRequests` looks at this. */
  readonly window: number;
  readonly underWeight: Tally;
  /** Since the evidence last fell to evens or below: what a sentence about harm tells. */
  readonly suspect: Tally;
}

export const tallyFrom = (since: number): Tally => ({ since, canary: none, stable: none });

/** Nothing seen yet. @param at when the canary begins to get requests, ms since epoch */
export const begin = (at: number, window = 0): SequentialState => ({
  startedAt: at,
  at,
  heardAt: at,
  mixture: mixtureAtStart.map(rounded),
  evidence: 0,
  rises: [],
  dispersion: noDispersion,
  stable: none,
  window,
  underWeight: tallyFrom(at),
  suspect: tallyFrom(at),
});

/** Four decimals: a ten-thousandth of a logarithm decides nothing, and the state stays small. Zero has no sign, as in JSON. */
export const rounded = (log: number): number => Math.round(log * 10_000) / 10_000 + 0;
