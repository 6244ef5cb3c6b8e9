import type { SequentialSettings } from "./settings.ts";

/*
 * How fast the evidence that counts may rise. The likelihood takes errors for independent; a pod's hiccup is not. So the evidence that counts
 * follows the mixture's from below, never above it (which keeps the false-alarm rate), with three brakes:
 *
 *   each look         at most tenfold, and only a look that speaks against the canary raises it: so a stop takes two bad looks
 *   after settling    within one hiccup (15 s) at most 1 / alpha-fold. After a clean start the evidence is below 1, so a hiccup alone stops nothing
 *   while settling    no second brake: what is bad in its first minute is taken for the version itself. This is the 10 s at 50 % errors
 */

/** When the evidence rose, ms since epoch, and by how much (logarithm). */
export type Rise = readonly [at: number, by: number];

/** The state's bound; beyond it the two oldest count as one at the later's time, which only brakes longer. */
const kept = 8;

/** The log evidence that stops a plan. */
export const barOf = ({ alpha }: Pick<SequentialSettings, "alpha">): number => -Math.log(alpha);

interface Progress {
  /** Log evidence that counts so far. */
  readonly evidence: number;
  readonly rises: readonly Rise[];
}

/**
 * @param mixture log evidence of the mixture before and after the look
 * @param time when the look before was, when this one is, and when it all began: ms since epoch
 */
export function risen(
  { evidence, rises }: Progress,
  mixture: { before: number; after: number },
  time: { from: number; at: number; startedAt: number },
  settings: SequentialSettings,
): Progress {
  // A hiccup that this look may still belong to began before the earliest of these.
  const recent = rises.filter(([at]) => time.from - at < settings.hiccup);
  if (mixture.after === mixture.before) return { evidence, rises: recent };
  if (mixture.after < mixture.before) return { evidence: Math.min(evidence, mixture.after), rises: recent };
  const perLook = Math.min(Math.LN10, barOf(settings) / 2);
  const perHiccup = isSettling(time, settings) ? Number.POSITIVE_INFINITY : barOf(settings) - recent.reduce((sum, [, by]) => sum + by, 0);
  const by = Math.max(0, Math.min(mixture.after - evidence, perLook, perHiccup));
  return { evidence: evidence + by, rises: by === 0 ? recent : atMostKept([...recent, [time.at, by]]) };
}

/** Whether a look begins within the first minute. */
export const isSettling = (time: { from: number; startedAt: number }, { settling }: SequentialSettings): boolean =>
  time.from - time.startedAt < settling;

function atMostKept(rises: readonly Rise[]): readonly Rise[] {
  const [first, second, ...rest] = rises;
  if (rises.length <= kept || first === undefined || second === undefined) return rises;
  return [[second[0], first[1] + second[1]], ...rest];
}
