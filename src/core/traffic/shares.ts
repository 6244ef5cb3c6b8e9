/** Whole-number arithmetic of a split: Istio's weights are int32 and are taken relative to their sum. */

/** Envoy's weights of one route must sum up to less than 2^32; Istio's field is an int32, so this is the bound for the sum. */
const largestTotal = 2 ** 31 - 1;

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

function lcm(a: number, b: number): number {
  return (a / gcd(a, b)) * b;
}

/**
 * The smallest number by which all weights of a route are multiplied so that each of ours splits at `percent` (0..100, whole) without a
 * remainder. At most 100. 1 if the weights are so large that the product leaves int32: then `canaryPart` rounds, third parties stay exact.
 */
export function factorFor(ours: readonly number[], total: number, percent: number): number {
  const factor = ours.reduce((common, weight) => lcm(common, 100 / gcd(100, weight * percent)), 1);
  return total * factor > largestTotal ? 1 : factor;
}

/** The canary's part of a weight (> 0): never 0 unless `percent` is 0, never all of it unless `percent` is 100 or the weight is 1. */
export function canaryPart(weight: number, percent: number): number {
  if (percent === 0 || percent === 100) return (weight * percent) / 100;
  return Math.max(1, Math.min(weight - 1, Math.round((weight * percent) / 100)));
}
