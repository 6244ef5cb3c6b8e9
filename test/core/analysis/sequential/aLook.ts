import { look, type NewCounts, type SequentialVerdict } from "../../../../src/core/analysis/sequential/look.ts";
import { type SequentialSettings, sequentialDefaults } from "../../../../src/core/analysis/sequential/settings.ts";
import { begin, type SequentialState } from "../../../../src/core/analysis/sequential/state.ts";

/** 14:03:10 UTC */
export const t0 = Date.UTC(2026, 10, 24, 14, 3, 10);

export const settings = (changes: Partial<SequentialSettings> = {}): SequentialSettings => ({
  ...sequentialDefaults,
  against: "stable",
  bad: "failed",
  ...changes,
});

/** `[bad, requests]` */
export type Pair = readonly [bad: number, requests: number];

/** The counts of five seconds, `seconds` after t0. */
export const counted = (seconds: number, canary: Pair, stable: Pair, window = 0): NewCounts => ({
  at: t0 + seconds * 1_000,
  window,
  canary: { bad: canary[0], requests: canary[1] },
  stable: { bad: stable[0], requests: stable[1] },
});

/** Five seconds of both sides as `canary stable`, each as bad/requests: `12/25 2/475`. */
export type FiveSeconds = `${number}/${number} ${number}/${number}`;

/** Looks every five seconds from a state on; the last verdict. */
export function looked(
  looks: readonly FiveSeconds[],
  by: SequentialSettings = settings(),
  from: SequentialState = begin(t0),
): SequentialVerdict {
  let state = from;
  let last = look(state, { ...counted(0, [0, 0], [0, 0]), at: state.at }, by);
  for (const text of looks) {
    const [bad = 0, requests = 0, stableBad = 0, stableRequests = 0] = text.split(/[/ ]/).map(Number);
    const counts = counted(0, [bad, requests], [stableBad, stableRequests], state.window);
    last = look(state, { ...counts, at: state.at + 5_000 }, by);
    state = last.state;
  }
  return last;
}

export const times = (looks: number, text: FiveSeconds): FiveSeconds[] => Array<FiveSeconds>(looks).fill(text);

/** So many quiet looks: five requests of the canary, 95 of stable, half a percent of which fail there. */
export const quiet = (looks: number): FiveSeconds[] => Array.from({ length: looks }, (_, at) => (at % 2 === 0 ? "0/5 0/95" : "0/5 1/95"));
