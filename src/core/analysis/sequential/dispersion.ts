import type { Counts } from "./counts.ts";

/** How unevenly bad requests fall on the pods of stable: the sum of Pearson's χ², and its degrees of freedom. */
export interface Dispersion {
  readonly chiSquare: number;
  readonly freedom: number;
}

export const noDispersion: Dispersion = { chiSquare: 0, freedom: 0 };

/** So many degrees of freedom of "errors are independent" are assumed beforehand, so that the first odd minute does not decide. */
const assumed = 20;
/** Both sums are halved here: what was an hour ago fades. */
const remembered = 1_000;

/**
 * Takes in the pods of one look. If errors are independent and the pods alike, χ² adds its degrees of freedom on average, whatever the error
 * rate is; errors in clumps add more.
 */
export function measured(before: Dispersion, pods: readonly Counts[]): Dispersion {
  const busy = pods.filter(({ requests }) => requests > 0);
  const requests = busy.reduce((sum, pod) => sum + pod.requests, 0);
  const bad = busy.reduce((sum, pod) => sum + pod.bad, 0);
  if (busy.length < 2 || bad === 0) return before;
  const chiSquare = busy.reduce((sum, pod) => {
    const expected = (bad * pod.requests) / requests;
    return sum + (pod.bad - expected) ** 2 / expected;
  }, before.chiSquare);
  const freedom = before.freedom + busy.length - 1;
  return freedom > remembered ? { chiSquare: chiSquare / 2, freedom: freedom / 2 } : { chiSquare, freedom };
}

/** What log evidence is divided by: 1 for independent errors, 4 if they come in clumps of about four. Never below 1. */
export const factorOf = ({ chiSquare, freedom }: Dispersion): number => Math.max(1, (chiSquare + assumed) / (freedom + assumed));
