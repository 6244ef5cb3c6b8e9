/** What a built-in metric asks of the canary, in plain numbers. src/api/builtin.ts spells the same for users. */
export interface SequentialSettings {
  /**
   * What the canary is held against: `"stable"`, the stable pods' requests of the same minutes, or the largest share of bad requests that is
   * allowed, above 0 and below 1 (`successRate {min: 0.99}` and `latency {quantile: 0.99, …}` both mean 0.01).
   */
  readonly against: "stable" | { readonly share: number };
  /** What a bad request did, for sentences: `failed`, `took longer than 500ms`. */
  readonly bad: string;
  /** The false-alarm rate: a canary that is no worse is stopped with at most this probability, in a whole plan. Above 0, at most 0.2. */
  readonly alpha: number;
  /**
   * How many times the odds that it is held against may a canary have and still count as no worse. At least 1. With 1 a ratio below 1.13 is
   * never stopped all the same, since the smallest harm looked for is e^0.25 = 1.28 times. 1.25 costs a third more time at 2 % against 0.5 %.
   */
  readonly tolerance: number;
  /** Requests of the canary (and of stable, against which it is held) under the weight in force, before there is a pass. At least 1. */
  readonly minRequests: number;
  /** Milliseconds that a canary pod is left out after it has got ready. */
  readonly warmUp: number;
  /** Odds against the canary (to 1) above which a step may not end. At least 1, below 1 / alpha. */
  readonly suspicion: number;
  /** Milliseconds: the longest fault of a healthy pod that must not stop a plan by itself. */
  readonly hiccup: number;
  /** Milliseconds from the start in which a fault counts as the version's own: a bad version is bad from its first request. */
  readonly settling: number;
}

/**
 * The defaults. `minRequests` 50 and `suspicion` 1 decide what a pass is worth; the table in test/bench/README.md says how often a bad
 * release gets one. A metric of latency sets `warmUp` to `latencyWarmUp`, since a cold process is slow but does not fail.
 */
export const sequentialDefaults = {
  alpha: 0.01,
  tolerance: 1,
  minRequests: 50,
  warmUp: 0,
  suspicion: 1,
  hiccup: 15_000,
  settling: 60_000,
} as const satisfies Partial<SequentialSettings>;

/** Milliseconds. Long enough for just-in-time compilation and first connections, short beside a step. */
export const latencyWarmUp = 30_000;

/** The settings unchanged. @throws RangeError that names the number and its bounds. */
export function checkedSettings(settings: SequentialSettings): SequentialSettings {
  const { against, alpha, tolerance, minRequests, warmUp, suspicion, hiccup, settling } = settings;
  const share = against === "stable" ? 0.5 : against.share;
  const rules: ReadonlyArray<readonly [string, number, boolean]> = [
    ["share must be above 0 and below 1", share, share > 0 && share < 1],
    ["alpha must be above 0 and at most 0.2", alpha, alpha > 0 && alpha <= 0.2],
    ["tolerance must be from 1 to 100", tolerance, tolerance >= 1 && tolerance <= 100],
    ["minRequests must be a whole number from 1", minRequests, Number.isSafeInteger(minRequests) && minRequests >= 1],
    ["warmUp must be milliseconds from 0", warmUp, Number.isFinite(warmUp) && warmUp >= 0],
    ["suspicion must be at least 1 and below 1 / alpha", suspicion, suspicion >= 1 && suspicion < 1 / alpha],
    ["hiccup must be milliseconds from 0", hiccup, Number.isFinite(hiccup) && hiccup >= 0],
    ["settling must be milliseconds from 0", settling, Number.isFinite(settling) && settling >= 0],
  ];
  const broken = rules.find(([, , holds]) => !holds);
  if (broken !== undefined) throw new RangeError(`${broken[0]}, not ${broken[1]}`);
  return settings;
}
