/*
 * The evidence that a canary is worse: a mixture of likelihood ratios (Lindon & Malek, arXiv 2011.03567). README.md tells it from the start.
 */

/** One look as coin flips: so many `trials`, so many `hits`, and the odds of a hit at the most harm that counts as none. */
export interface Trials {
  readonly trials: number;
  readonly hits: number;
  readonly odds: number;
}

/** The harms looked for: odds e^h times as bad, h from a quarter (1.28 times) to four (55 times). */
const harms = [0.25, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4];
/** Their share beforehand. The two smallest get a quarter: they take thousands of errors to show, and would slow the others down. */
const shares = harms.map((harm) => (harm < 1 ? 0.25 : 1)).map((share, _, all) => share / all.reduce((sum, one) => sum + one, 0));

/** A tenth of the mixture waits for versions that turn bad later than at the start, half of it for the first ten minutes. */
const waitingAtFirst = 0.1;
const halfOfItComesBy = 600_000;

/** The part of the mixture whose harm has not begun by `elapsed` milliseconds; its likelihood ratio is 1. */
const waitingAt = (elapsed: number): number => (waitingAtFirst * halfOfItComesBy) / (halfOfItComesBy + elapsed);

/** The logarithm of each harm's share times its likelihood ratio so far. */
export type Mixture = readonly number[];

export const mixtureAtStart: Mixture = shares.map((share) => Math.log(share * (1 - waitingAtFirst)));

/** The harms that begin between two times, both in milliseconds from the start, join. To be called before their data is seen. */
export function joined(mixture: Mixture, from: number, to: number): Mixture {
  const arriving = waitingAt(from) - waitingAt(to);
  if (arriving <= 0) return mixture;
  return mixture.map((log, at) => logSum([log, Math.log(arriving * (shares[at] ?? 0))]));
}

/**
 * Takes one look in. Each harm's likelihood ratio of the trials is multiplied in; the logarithm is divided by the dispersion, which keeps the
 * expectation at or below 1 (Jensen) and lets clumps of errors count less.
 */
export function weighed(mixture: Mixture, { trials, hits, odds }: Trials, dispersion = 1): Mixture {
  if (trials === 0) return mixture;
  const misses = trials - hits;
  return mixture.map((log, at) => {
    const harm = harms[at] ?? 0;
    // ln((1 + odds) / (1 + odds·e^harm)): what a miss says; a hit says harm more.
    const miss = Math.log1p(odds) - Math.log1p(odds * Math.exp(harm));
    return log + (misses * miss + hits * (harm + miss)) / dispersion;
  });
}

/** The logarithm of the evidence: the expectation of e^this is at most 1 for a canary that is no worse, at whatever time one looks. */
export const logEvidence = (mixture: Mixture, elapsed: number): number => logSum([...mixture, Math.log(waitingAt(elapsed))]);

/** The mixture scaled down until its evidence is no more than `log`; unchanged where it is already. */
export function loweredTo(log: number, mixture: Mixture, elapsed: number): Mixture {
  if (logEvidence(mixture, elapsed) <= log) return mixture;
  const rest = Math.exp(log) - waitingAt(elapsed);
  if (rest <= 0) return mixture;
  const by = Math.log(rest) - logSum(mixture);
  return mixture.map((one) => one + by);
}

/** ln Σ e^x without overflow. */
function logSum(logs: readonly number[]): number {
  const largest = Math.max(...logs);
  return largest + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - largest), 0));
}
