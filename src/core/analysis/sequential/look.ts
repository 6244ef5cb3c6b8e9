import type { Verdict } from "../../../api/metricStatus.ts";
import { type Counts, checkedSide, judged, none, plus, type Side } from "./counts.ts";
import { factorOf, measured } from "./dispersion.ts";
import { joined, logEvidence, loweredTo, type Trials, weighed } from "./evidence.ts";
import { barOf, isSettling, risen } from "./rise.ts";
import { checkedSettings, type SequentialSettings } from "./settings.ts";
import { rounded, type SequentialState, type Tally, tallyFrom } from "./state.ts";

/** What was counted since the look before. */
export interface NewCounts {
  /** When the counters were read, ms since epoch. */
  readonly at: number;
  /** A number for the weight in force, such as the step's index: when it changes, `minRequests` starts anew; the evidence goes on. */
  readonly window: number;
  readonly canary: Side;
  /**
   * Absent under weight 100, where stable gets nothing: the canary is then held against what stable did before. The latest of stable's
   * requests may still trickle in; whoever calls leaves them out.
   */
  readonly stable?: Side;
}

/** The numbers behind a verdict. */
export interface Evidence {
  /** The odds against the canary, to 1. Below 1: the data speak for it. */
  readonly odds: number;
  /** What log evidence is divided by, 1 for errors that are independent. */
  readonly dispersion: number;
  /** For `fail` and `inconclusive` since the suspicion began, else since this weight is in force. */
  readonly tally: Tally;
  /** Under weight 100: what the canary is held against, stable's requests before that. */
  readonly before?: Counts;
  /** Milliseconds without a request that could be judged. */
  readonly silence: number;
}

export interface SequentialVerdict {
  readonly state: SequentialState;
  readonly verdict: Exclude<Verdict, "error">;
  readonly evidence: Evidence;
}

/** Milliseconds without any request to judge after which what was counted earlier says nothing about now. */
const tooSilent = 60_000;
/** The latest time that a Date can hold, ms since epoch. */
const lastTime = 8.64e15;
/** Rounded logarithms: two looks of exactly ten to one are a hundred to one. */
const slack = 0.001;

/**
 * Looks once more: a pure fold over the looks of a plan. The verdict, in this order:
 *
 *   fail           the odds against the canary have reached 1 / alpha. A canary that is no worse gets here with probability alpha at most,
 *                  however often one looks
 *   no-data        fewer than `minRequests` under this weight, or none for a minute: never a pass
 *   inconclusive   the odds are above `suspicion`: too little to stop, too much to go on. More requests will tell
 *   pass           enough requests, and they do not point to harm. That is not proof of health: a release that fails 5 % of its requests
 *                  passes at the 50th by luck now and then (test/bench/README.md counts it), and is stopped under the next weights
 *
 * A look that is not later than the last one changes nothing.
 * @throws RangeError for counts that can't be, and for settings out of bounds
 */
export function look(state: SequentialState, counts: NewCounts, settings: SequentialSettings): SequentialVerdict {
  checkedSettings(settings);
  const canary = judged(checkedSide("canary", counts.canary), settings.warmUp);
  const stable = counts.stable && checkedSide("stable", counts.stable);
  if (!(Math.abs(counts.at) <= lastTime)) throw new RangeError(`${counts.at} is not a time`);
  const next = counts.at <= state.at ? state : folded(state, counts, { canary, stable }, settings);
  return { state: next, ...verdictOf(next, settings) };
}

function folded(
  state: SequentialState,
  { at, window }: NewCounts,
  { canary, stable }: { canary: Counts; stable: Side | undefined },
  settings: SequentialSettings,
): SequentialState {
  const trials = trialsOf(canary, stable, state.stable, settings);
  const [from, to] = [state.at - state.startedAt, at - state.startedAt];
  const waiting = joined(state.mixture, from, to);
  const mixture = trials === undefined ? waiting : weighed(waiting, trials, factorOf(state.dispersion));
  const time = { from: state.at, at, startedAt: state.startedAt };
  const { evidence, rises } = risen(state, { before: logEvidence(waiting, to), after: logEvidence(mixture, to) }, time, settings);
  const counted = trials === undefined ? undefined : { canary, stable: stable ?? none };
  const isCleared = evidence <= 0 && evidence < state.evidence;
  return {
    startedAt: state.startedAt,
    at,
    heardAt: counted === undefined ? state.heardAt : at,
    // Once settled, what a brake held back is lost: errors that come in one clump are no more than one clump.
    mixture: (isSettling(time, settings) ? mixture : loweredTo(evidence, mixture, to)).map(rounded),
    evidence: rounded(evidence),
    rises: rises.map(([when, by]) => [when, rounded(by)]),
    dispersion: measured(state.dispersion, stable?.pods ?? []),
    stable: counted === undefined ? state.stable : plus(state.stable, counted.stable),
    window,
    underWeight: added(window === state.window ? state.underWeight : tallyFrom(state.at), counted),
    suspect: isCleared ? tallyFrom(at) : added(state.suspect, counted),
  };
}

/**
 * The look as coin flips. Against stable: each bad request of the look is the canary's with odds (canary's requests : stable's) × tolerance at
 * most. Against a share: each request of the canary is bad with odds share : (1 - share) × tolerance at most.
 * @param before all of stable's requests so far
 * @returns undefined where there is nothing to judge
 */
function trialsOf(canary: Counts, stable: Side | undefined, before: Counts, settings: SequentialSettings): Trials | undefined {
  const { against, tolerance, minRequests } = settings;
  if (canary.requests === 0) return undefined;
  const ofShare = (share: number): Trials => ({ trials: canary.requests, hits: canary.bad, odds: (tolerance * share) / (1 - share) });
  if (against !== "stable") return ofShare(against.share);
  if (stable === undefined) return before.requests < minRequests ? undefined : ofShare(mostOf(before));
  if (stable.requests === 0) return undefined;
  return { trials: canary.bad + stable.bad, hits: canary.bad, odds: (tolerance * canary.requests) / stable.requests };
}

/**
 * The largest share that may be behind so many bad requests, at 97.5 %: 3 bad ones behind none, 6 behind 1, 123 behind 100. Under weight 100
 * alpha holds for stables that were not luckier than that, and whose rate does not change with the time of day.
 */
const mostOf = ({ requests, bad }: Counts): number => Math.min(0.999, (bad + 2 * Math.sqrt(bad) + 3) / requests);

function added(tally: Tally, counted: { canary: Counts; stable: Counts } | undefined): Tally {
  if (counted === undefined) return tally;
  return { since: tally.since, canary: plus(tally.canary, counted.canary), stable: plus(tally.stable, counted.stable) };
}

function verdictOf(state: SequentialState, settings: SequentialSettings): Omit<SequentialVerdict, "state"> {
  const { underWeight, suspect, evidence } = state;
  const isCompared = settings.against === "stable";
  const isAlone = isCompared && underWeight.canary.requests > 0 && underWeight.stable.requests === 0;
  const silence = state.at - state.heardAt;
  const shown = (tally: Tally): Evidence => ({
    ...{ odds: Math.exp(evidence), dispersion: factorOf(state.dispersion), tally, silence },
    ...(isAlone && { before: state.stable }),
  });
  const enough = (counts: Counts) => counts.requests >= settings.minRequests;
  const hasEnough = enough(underWeight.canary) && (!isCompared || isAlone || enough(underWeight.stable));
  if (evidence >= barOf(settings) - slack) return { verdict: "fail", evidence: shown(suspect) };
  if (silence >= tooSilent || !hasEnough) return { verdict: "no-data", evidence: shown(underWeight) };
  if (evidence > Math.log(settings.suspicion)) return { verdict: "inconclusive", evidence: shown(suspect) };
  return { verdict: "pass", evidence: shown(underWeight) };
}
