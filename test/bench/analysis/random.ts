/** Numbers in [0, 1) from a seed: the same seed gives the same plan on every machine. */
export type Random = () => number;

/** sfc32 by Chris Doty-Humphrey: 128 bits of state, period at least 2^32. */
export function seeded(...seed: readonly number[]): Random {
  let [a, b, c, counter] = [seed[0] ?? 0, seed[1] ?? 0, seed[2] ?? 0, 1];
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 4_294_967_296;
  };
  for (let mixing = 0; mixing < 12; mixing++) next();
  return next;
}

/** A Poisson number. Exact up to a mean of 30 (all errors of healthy plans), above it a rounded normal one: requests of a tick. */
export function poisson(random: Random, mean: number): number {
  if (mean > 30) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)));
  const floor = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > floor; product *= random()) count++;
  return count;
}

/** Box and Muller. */
const normal = (random: Random): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
