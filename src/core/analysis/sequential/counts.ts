/** Requests and how many of them were bad (failed, or too slow). Whole numbers, `bad` at most `requests`. */
export interface Counts {
  readonly requests: number;
  readonly bad: number;
}

/** Counts of one pod. */
export interface PodCounts extends Counts {
  /** Milliseconds since the pod got ready; absent: long ago. */
  readonly age?: number;
}

/** One side of the split since the look before: differences of raw counters. Where the pods are given, they are the whole side. */
export interface Side extends Counts {
  readonly pods?: readonly PodCounts[];
  /** Milliseconds since the side's first pod got ready, where pods can't be told apart; absent: long ago. */
  readonly age?: number;
}

export const none: Counts = { requests: 0, bad: 0 };

export const plus = (one: Counts, other: Counts): Counts => ({ requests: one.requests + other.requests, bad: one.bad + other.bad });

/** @throws RangeError for what can't be a count: NaN, fractions, below zero, beyond 2^53, more bad ones than requests. */
export function checkedSide(name: string, side: Side): Side {
  for (const { requests, bad } of [side, ...(side.pods ?? [])]) {
    if (!Number.isSafeInteger(requests) || requests < 0) throw new RangeError(`${name}: ${requests} is not a number of requests`);
    if (!Number.isSafeInteger(bad) || bad < 0 || bad > requests)
      throw new RangeError(`${name}: ${bad} of ${requests} requests can't be bad`);
  }
  return side;
}

/** What counts of the canary: no pod that is still warming up, and no more of a lone bad pod than the others bear out. */
export function judged(canary: Side, warmUp: number): Counts {
  const warm = (it: { age?: number }) => (it.age ?? Number.POSITIVE_INFINITY) >= warmUp;
  if (!warm(canary)) return none;
  if (canary.pods === undefined || canary.pods.length === 0) return { requests: canary.requests, bad: canary.bad };
  return withoutLoneFault(canary.pods.filter(warm));
}

/**
 * The sum of the pods, in which the worst one counts with at most the rate of the second worst and one bad request more. A version that is
 * bad shows on every pod of it; a node, a volume, a garbage collection shows on one. Fewer bad requests never raise the evidence, so the
 * false-alarm rate holds. A single pod counts as it is.
 */
function withoutLoneFault(pods: readonly PodCounts[]): Counts {
  const busy = pods.filter(({ requests }) => requests > 0);
  const total = busy.reduce(plus, none);
  const [worst, second] = busy.toSorted((a, b) => b.bad / b.requests - a.bad / a.requests);
  if (worst === undefined || second === undefined) return total;
  const borneOut = Math.ceil((second.bad / second.requests) * worst.requests) + 1;
  return { requests: total.requests, bad: total.bad - Math.max(0, worst.bad - borneOut) };
}
