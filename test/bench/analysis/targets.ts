import type { Played } from "./play.ts";
import type { Scenario } from "./traffic.ts";

/**
 * What issue 6 asks of the judge, as sentences about what is missed; none is the aim. Column E is the one of the same plans: performance.md's
 * own has other random plans, and differs from it by up to two ticks.
 * @param slack for a tenth of the plans: seconds that a median may be late, and share of healthy plans that may be stopped beyond 1 %
 */
export function missed(
  { rps, weight, errors, turnsBadAt, bursts, pods }: Scenario,
  { Serin, A, E }: Played,
  slack: { seconds: number; share: number } = { seconds: 0, share: 0 },
): string[] {
  if (Serin === undefined || A === undefined || E === undefined || turnsBadAt !== undefined || pods !== undefined) return [];
  const where = `${rps} requests/s, weight ${weight * 100} %, errors ${errors * 100} %`;
  if (bursts !== undefined)
    return Serin.stopped > A.stopped + slack.share
      ? [`${where}, bursts: Serin stops ${Serin.stopped}, the article's rule ${A.stopped}`]
      : [];
  if (errors === 0.005)
    return Serin.stopped > 0.01 + slack.share ? [`${where}: Serin stops ${Serin.stopped} of healthy plans, at most 0.01`] : [];
  const atHalf = rps === 10 ? 15 : 10;
  return [
    ...(Serin.median > E.median + 5 + slack.seconds ? [`${where}: median ${Serin.median} s, column E ${E.median} s and one tick`] : []),
    ...(errors === 0.5 && Serin.median > atHalf + slack.seconds ? [`${where}: median ${Serin.median} s, at most ${atHalf} s`] : []),
  ];
}
