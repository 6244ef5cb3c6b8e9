import { formatDuration } from "../../../api/duration.ts";
import { look as lookAgain } from "../sequential/look.ts";
import { sentence } from "../sequential/sentence.ts";
import { type SequentialSettings, sequentialDefaults } from "../sequential/settings.ts";
import { begin, type SequentialState } from "../sequential/state.ts";
import type { Tally } from "./tally.ts";

/*
 * THE SEAM. What a built-in's counts mean is said by one function of this shape and by nothing else: `lookAtCounts`, called from judgeCounts.ts.
 * It is pure; `state` is its own memory since the metric began, kept in the plan as JSON (at most 4 KiB), undefined at the first look.
 */

/** What was counted since the look before. */
export interface NewCounts {
  /** When counting began, ms since epoch: the time of the look before. */
  readonly since: number;
  /** When it was counted, ms since epoch. */
  readonly at: number;
  /** When the weight in force was set, ms since epoch: at the first look the canary is as old as its traffic. */
  readonly weightSince: number;
  /** A number for the weight in force: when it changes, `minRequests` starts anew; what speaks against the canary goes on. */
  readonly window: number;
  readonly canary: Tally;
  /** Absent where stable gets no requests: then the canary is held against what stable's were like until then. */
  readonly stable?: Tally | undefined;
}

/** The part of the judge's settings that a policy, or the metric itself, decides. */
export type LookSettings = Pick<SequentialSettings, "against" | "bad" | "alpha" | "tolerance" | "minRequests" | "warmUp">;

export interface Looked {
  /** JSON. */
  readonly state: unknown;
  /** fail: the canary is worse, for good. no-data: too few requests. inconclusive: more will tell. pass: nothing speaks against it so far. */
  readonly verdict: "pass" | "fail" | "inconclusive" | "no-data";
  /** What a person should know of it, with its numbers. */
  readonly message: string;
  /** There are requests, and it is too early to judge them: nothing is missing. */
  readonly early?: true;
}

export type LookAtCounts = (state: unknown, counts: NewCounts, settings: LookSettings) => Looked;

/** The sequential test (`../sequential/README.md`). What an older Serin remembered otherwise is begun anew. */
export const lookAtCounts: LookAtCounts = (state, { since, at, weightSince, window, canary, stable }, some) => {
  const settings = { ...sequentialDefaults, ...some };
  const before = isState(state) ? asOf(state, { since, at }) : begin(Math.max(since, weightSince), window);
  // The pods of a canary are as old as its traffic, to a few seconds: it gets none before they are ready. Its youngest request counts: where scrapes
  // are a minute apart, the cold ones are in one difference with all others.
  const counts = {
    at,
    window,
    canary: { ...whole(canary), age: Math.max(0, since - before.startedAt) },
    ...(stable && { stable: whole(stable) }),
  };
  const { state: next, ...looked } = lookAgain(before, counts, settings);
  const { verdict } = looked;
  if (verdict !== "no-data" || counts.canary.requests === 0) return { state: next, verdict, message: sentence(looked, settings) };
  if (counts.canary.age < settings.warmUp)
    return {
      ...{ state: next, verdict, early: true },
      message: `warming up: what the canary answers in its first ${formatDuration(settings.warmUp)} is not judged`,
    };
  const { requests } = next.stable;
  const hasNothingBeside = settings.against === "stable" && stable === undefined && requests < settings.minRequests;
  const message = hasNothingBeside
    ? `nothing to compare with: stable answered ${requests} requests beside the canary before it got none, needed: ${settings.minRequests}; add a step with a lower weight, or a threshold (min, max)`
    : sentence(looked, settings);
  return { state: next, verdict, message };
};

/** A clock that goes back (a new leader's, another step of NTP) must not hide what is counted now: what is remembered goes back with it. */
function asOf(state: SequentialState, { since, at }: Pick<NewCounts, "since" | "at">): SequentialState {
  if (at > state.at) return state;
  const by = state.at - Math.min(since, at - 1);
  const back = (tally: SequentialState["underWeight"]) => ({ ...tally, since: tally.since - by });
  return {
    ...state,
    startedAt: state.startedAt - by,
    at: state.at - by,
    heardAt: state.heardAt - by,
    rises: state.rises.map(([when, rise]) => [when - by, rise]),
    underWeight: back(state.underWeight),
    suspect: back(state.suspect),
  };
}

/**
 * Counters of Prometheus are floating point numbers, and two that were not read at the same instant may not add up. One that says 1e300 is no reason
 * to fall over.
 */
function whole({ requests, bad }: Tally): Tally {
  const all = Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.round(requests)));
  return { requests: all, bad: Math.min(all, Math.max(0, Math.round(bad))) };
}

const shape = begin(0);

/** Every member is there and of the same kind, and no number is missing in it. */
function isState(value: unknown): value is SequentialState {
  if (typeof value !== "object" || value === null || JSON.stringify(value).includes("null")) return false;
  return Object.entries(shape).every(([key, one]) => {
    const other = (value as Record<string, unknown>)[key];
    return typeof other === typeof one && Array.isArray(other) === Array.isArray(one);
  });
}
