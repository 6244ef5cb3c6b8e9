import { add, type Tallies, type Tally } from "./tally.ts";

/*
 * THE SEAM. What a built-in's counts mean is said by one function of this shape and by nothing else: `lookAtCounts`, called from judgeCounts.ts.
 * It is pure; `state` is its own memory since the metric began, kept in the plan as JSON (at most 4 KiB), undefined at the first look.
 */
export interface LookSettings {
  /** The largest share of bad requests that is good enough; undefined: compare with stable. */
  readonly allowed: number | undefined;
  /** How many times the odds of a bad request may be stable's without being a difference. */
  readonly tolerance: number;
  /** How often a release without a difference may be stopped, per plan. */
  readonly alpha: number;
}

export interface Looked {
  /** JSON. */
  readonly state: unknown;
  /** fail: the canary is worse, for good. pass: nothing speaks against it so far. */
  readonly verdict: "pass" | "fail";
  /** What a person should know of it, with its numbers. */
  readonly message: string;
}

export type LookAtCounts = (state: unknown, tick: Tallies, settings: LookSettings) => Looked;

interface Seen extends Tallies {
  /** Looks in a row in which the difference stood. */
  readonly standing: number;
}

/** Standard errors of the difference that are one; a plain threshold, until a sequential test takes this place. */
const standardErrors = 4;
const leastBad = 5;
const leastLooks = 2;

/**
 * A plain test on all counts since the metric began: the canary's share of bad requests is above what is allowed by four standard errors, with at
 * least five bad requests, at two looks in a row. It sees what is gross; it promises no rate of false alarms.
 */
export const lookAtCounts: LookAtCounts = (state, tick, { allowed, tolerance }) => {
  const before = isSeen(state) ? state : undefined;
  const canary = before ? add(before.canary, tick.canary) : tick.canary;
  const stable = before ? add(before.stable, tick.stable) : tick.stable;
  const limit = allowed ?? Math.min(1, tolerance * shareOf(stable));
  const spread = Math.sqrt(variance(limit, canary.requests) + (allowed === undefined ? variance(shareOf(stable), stable.requests) : 0));
  const differs = canary.bad >= leastBad && shareOf(canary) - limit > standardErrors * spread;
  const standing = differs ? (before?.standing ?? 0) + 1 : 0;
  const seen: Seen = { canary, stable, standing };
  return { state: seen, verdict: standing >= leastLooks ? "fail" : "pass", message: inWords(seen, allowed) };
};

const shareOf = ({ requests, bad }: Tally): number => (requests > 0 ? bad / requests : 0);
/** With one request more of each kind, so that a share of 0 is no certainty. */
const variance = (share: number, requests: number): number => {
  const smoothed = (share * requests + 1) / (requests + 2);
  return (smoothed * (1 - smoothed)) / Math.max(1, requests);
};

const inWords = ({ canary, stable }: Tallies, allowed: number | undefined): string =>
  `${countOf(canary)} of the canary${allowed === undefined ? `, ${countOf(stable)} of stable` : `, ${percent(allowed)} allowed`}`;
const countOf = (tally: Tally): string => `${Math.round(tally.bad)} of ${Math.round(tally.requests)} bad (${percent(shareOf(tally))})`;
const percent = (share: number): string => `${Number((100 * share).toPrecision(3))} %`;

const isSeen = (state: unknown): state is Seen =>
  typeof state === "object" && state !== null && "canary" in state && "stable" in state && "standing" in state;
