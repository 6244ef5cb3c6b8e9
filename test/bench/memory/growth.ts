/**
 * What is kept for each thing that came and went, of how much there was after each round: the median of the slopes between any two rounds of the later half. What
 * is compiled, and lists that fill up to their bound, make the first rounds dear; and one collection that left more than others changes no median.
 * @param after something's size after each round, in order; at least four
 * @param perRound how many things came and went in each
 */
export function growth(after: readonly number[], perRound: number): number {
  const later = after.slice(Math.floor(after.length / 2));
  const slopes = later.flatMap((from, i) => later.slice(i + 1).map((to, j) => (to - from) / (j + 1)));
  slopes.sort((a, b) => a - b);
  const middle = slopes.length / 2;
  return ((slopes[Math.ceil(middle) - 1] ?? 0) + (slopes[Math.floor(middle)] ?? 0)) / 2 / perRound;
}
