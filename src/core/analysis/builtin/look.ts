import { add, type Tallies, type Tally } from "./tally.ts";

/*
 * THE SEAM. What a built-in's counts mean is said by one function of this shape and by nothing else: `lookAtCounts`, called from judgeCounts.ts.
 * It is pure; `state` is its own memory since the metric began, kept in the plan as JSON (at most 4 KiB), undefined at the first look.
 */

/** What was counted since the look before. */
export interface NewCounts extends Tallies {
  /** When counting began, ms since epoch: the time of the look before. */
  readonly since: number;
  /** When it was counted, ms since epoch. */
  readonly at: number;
  /** A number for the weight in force: when it changes, `minRequests` starts anew; what speaks against the canary goes on. */
  readonly window: number;
}

export interface LookSettings {
  /** Stable's requests of the same minutes, or the largest share of bad requests that is good enough. */
  readonly against: "stable" | { readonly share: number };
  /** What a bad request did, for sentences: `failed`, `took longer than 500ms`. */
  readonly bad: string;
  /** How often a release without a difference may be stopped, per plan. */
  readonly alpha: number;
  /** How many times the odds of a bad request may be those that it is held against without being a difference. */
  readonly tolerance: number;
  readonly minRequests: number;
}

export interface Looked {
  /** JSON. */
  readonly state: unknown;
  /** fail: the canary is worse, for good. no-data: too few requests. inconclusive: more will tell. pass: nothing speaks against it so far. */
  readonly verdict: "pass" | "fail" | "inconclusive" | "no-data";
  /** What a person should know of it, with its numbers. */
  readonly message: string;
}

export type LookAtCounts = (state: unknown, counts: NewCounts, settings: LookSettings) => Looked;

interface Seen extends Tallies {
  /** Looks in a row in which the difference stood. */
  readonly standing: number;
  readonly window: number;
  /** Under this window. */
  readonly under: Tallies;
}

/** Standard errors of the difference that are one; a plain threshold, until a sequential test takes this place. */
const standardErrors = 4;
const leastBad = 5;
const leastLooks = 2;

/**
 * A plain test on all counts since the metric began: the canary's share of bad requests is above what is allowed by four standard errors, with at
 * least five bad requests, at two looks in a row. It sees what is gross; it promises no rate of false alarms.
 */
export const lookAtCounts: LookAtCounts = (state, counts, { against, bad, tolerance, minRequests }) => {
  const before = isSeen(state) ? state : undefined;
  const sum = (a: Tallies | undefined): Tallies => ({
    canary: a ? add(a.canary, counts.canary) : counts.canary,
    stable: a ? add(a.stable, counts.stable) : counts.stable,
  });
  const all = sum(before);
  const under = sum(before?.window === counts.window ? before.under : undefined);
  const standing = differs(all, against, tolerance) ? (before?.standing ?? 0) + 1 : 0;
  const seen: Seen = { ...all, standing, window: counts.window, under };
  if (standing >= leastLooks) return { state: seen, verdict: "fail", message: inWords(all, against, bad) };
  if (under.canary.requests < minRequests)
    return {
      state: seen,
      verdict: "no-data",
      message: `${under.canary.requests} of ${minRequests} requests of the canary under this weight`,
    };
  if (against === "stable" && under.stable.requests < minRequests)
    return { state: seen, verdict: "no-data", message: `${under.stable.requests} of ${minRequests} requests of stable to compare with` };
  if (standing > 0) return { state: seen, verdict: "inconclusive", message: inWords(all, against, bad) };
  return { state: seen, verdict: "pass", message: inWords(under, against, bad) };
};

function differs({ canary, stable }: Tallies, against: LookSettings["against"], tolerance: number): boolean {
  const limit = Math.min(1, tolerance * (against === "stable" ? shareOf(stable) : against.share));
  const spread = Math.sqrt(variance(limit, canary.requests) + (against === "stable" ? variance(shareOf(stable), stable.requests) : 0));
  return canary.bad >= leastBad && shareOf(canary) - limit > standardErrors * spread;
}

const shareOf = ({ requests, bad }: Tally): number => (requests > 0 ? bad / requests : 0);

/** With one request more of each kind, so that a share of 0 is no certainty. */
function variance(share: number, requests: number): number {
  const smoothed = (share * requests + 1) / (requests + 2);
  return (smoothed * (1 - smoothed)) / Math.max(1, requests);
}

const inWords = ({ canary, stable }: Tallies, against: LookSettings["against"], bad: string): string =>
  `${countOf(canary)} of the canary ${bad}, ${against === "stable" ? `${countOf(stable)} of stable` : `${percent(against.share)} may`}`;
const countOf = (tally: Tally): string => `${tally.bad} of ${tally.requests} (${percent(shareOf(tally))})`;
const percent = (share: number): string => `${Number((100 * share).toPrecision(3))} %`;

const isSeen = (state: unknown): state is Seen =>
  typeof state === "object" && state !== null && ["canary", "stable", "standing", "window", "under"].every((key) => key in state);
