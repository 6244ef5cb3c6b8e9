/** Has the mesh taken up a weight? The proof is in the requests: counted by revision since the weight was settled (design §6). */

export interface ShiftEvidence {
  /** The canary's percentage that was set, 0..100. */
  readonly wantedWeight: number;
  /** Requests since the weight was settled. Prometheus extrapolates, so they need not be whole; they are rounded. */
  readonly canaryRequests: number;
  readonly stableRequests: number;
}

export interface ShiftVerdict {
  /** `unknown`: no requests, so nothing to judge by. A word and not a boolean, because there are three answers. */
  readonly reached: "yes" | "no" | "unknown";
  /** The canary's percentage of the requests, 0..100. */
  readonly observed: number | undefined;
  readonly message: string;
}

/** From so many expected requests on, a revision that got none has not been reached. */
const expectedEnough = 20;

/**
 * Is the weight that was set the one that requests see? Envoy draws each request's revision by itself, so of n requests the canary gets a
 * binomial number with mean np and σ = √(np(1-p)).
 *
 * - Wanted 0: a single canary request refuses. Wanted 100: a single stable one. Draws can't give either.
 * - Else a count further than 4σ + 2 from np refuses, and so does a revision without any request where at least 20 were expected.
 *
 * A weight that was reached is refused at most once in 10,000 looks, whatever n and p (exact binomial sums over all whole percentages and n up to 3,000: 1 in 13,450; a grid of them in
 * the test); it is then looked at again. With few requests nearly everything is compatible: the proof gets sharper as they come in.
 */
export function judgeShift(evidence: ShiftEvidence): ShiftVerdict {
  const canary = Math.max(0, Math.round(evidence.canaryRequests));
  const stable = Math.max(0, Math.round(evidence.stableRequests));
  const total = canary + stable;
  const wanted = evidence.wantedWeight;
  if (total === 0) return { reached: "unknown", observed: undefined, message: `no requests since the weight was set, wanted ${wanted} %` };
  const observed = (100 * canary) / total;
  const message = `canary got ${canary} of ${total} requests (${readable(observed)} %), wanted ${wanted} %`;
  return { reached: compatible(canary, total, wanted / 100) ? "yes" : "no", observed, message };
}

function compatible(canary: number, total: number, p: number): boolean {
  const stable = total - canary;
  if (p <= 0) return canary === 0;
  if (p >= 1) return stable === 0;
  if (canary === 0 && total * p >= expectedEnough) return false;
  if (stable === 0 && total * (1 - p) >= expectedEnough) return false;
  return Math.abs(canary - total * p) <= 4 * Math.sqrt(total * p * (1 - p)) + 2;
}

/** One decimal, and a share that isn't exactly 0 or 100 never reads as one. */
function readable(percent: number): string {
  const rounded = Number(percent.toFixed(1));
  if (rounded === 0 && percent > 0) return "less than 0.1";
  if (rounded === 100 && percent < 100) return "more than 99.9";
  return String(rounded);
}
