import { formatDuration } from "../../../api/duration.ts";
import type { Counts } from "./counts.ts";
import type { SequentialVerdict } from "./look.ts";
import type { SequentialSettings } from "./settings.ts";

/** The verdict for a person: requests, bad ones, both rates, the odds, since when. Times are UTC. */
export function sentence({ verdict, evidence }: Omit<SequentialVerdict, "state">, settings: SequentialSettings): string {
  const { odds, tally, before, silence } = evidence;
  const since = `since ${clock(tally.since)}`;
  const seen = `canary ${bad(tally.canary, settings.bad)}, ${before === undefined ? heldAgainst(tally.stable, settings) : `stable before ${share(before)}`}`;
  const speak = `odds ${rounded(odds)} : 1 against ${innocence(settings)} ${since}`;
  switch (verdict) {
    case "fail":
      return `${seen}: ${speak}`;
    case "inconclusive":
      return `${seen}: ${speak}; the step waits until they fall to ${rounded(settings.suspicion)} : 1, and ${rounded(1 / settings.alpha)} : 1 stop the plan`;
    case "pass":
      return `${seen} ${since}: no sign of harm`;
    case "no-data": {
      const isCompared = settings.against === "stable" && before === undefined;
      const stable = isCompared ? `, stable ${whole(tally.stable.requests)}` : "";
      const of = isCompared ? " of each" : "";
      const silent = silence >= 60_000 ? `, none for ${formatDuration(silence)}` : "";
      return `too few requests to judge: canary ${whole(tally.canary.requests)}${stable} ${since}${silent}; needed: ${whole(settings.minRequests)}${of}`;
    }
  }
}

const heldAgainst = (stable: Counts, { against }: SequentialSettings): string =>
  against === "stable" ? `stable ${share(stable)}` : `allowed ${percent(against.share)}`;

function innocence({ against, tolerance }: SequentialSettings): string {
  const times = tolerance === 1 ? "" : `${tolerance} times `;
  return against === "stable" ? (times === "" ? "equal" : `${times}stable's`) : `${times}that`;
}

/** `37 of 150 requests failed (24.7 %)` */
const bad = (counts: Counts, verb: string): string =>
  `${whole(counts.bad)} of ${whole(counts.requests)} requests ${verb} (${percent(rateOf(counts))})`;

/** `4 of 2,850 (0.1 %)` */
const share = (counts: Counts): string => `${whole(counts.bad)} of ${whole(counts.requests)} (${percent(rateOf(counts))})`;

const rateOf = ({ requests, bad }: Counts): number => (requests === 0 ? 0 : bad / requests);

const whole = (count: number): string => count.toLocaleString("en-US");

/** One decimal; below a tenth of a percent one digit, so that a rare error is not shown as none. */
const percent = (rate: number): string =>
  `${rate === 0 || rate >= 0.001 ? Number((rate * 100).toFixed(1)) : Number((rate * 100).toPrecision(1))} %`;

/** Two digits, downwards: 99.9 to 1 is not yet 100 to 1. A thousandth is what rounding the evidence may cost. */
function rounded(odds: number): string {
  const unit = 10 ** (Math.floor(Math.log10(odds * 1.001)) - 1);
  return whole(Number((Math.floor((odds * 1.001) / unit) * unit).toPrecision(2)));
}

const clock = (milliseconds: number): string => new Date(milliseconds).toISOString().slice(11, 19);
