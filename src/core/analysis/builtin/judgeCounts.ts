import type { Builtin } from "../../../api/builtin.ts";
import type { Metric } from "../../../api/metric.ts";
import type { Counted, MetricStatus } from "../../../api/metricStatus.ts";
import type { PolicySpec } from "../../../api/policy.ts";
import { atMost, type CountsAnswer } from "../answer.ts";
import type { Judgement } from "../condition.ts";
import { latencyWarmUp, sequentialDefaults } from "../sequential/settings.ts";
import { toTime } from "../time.ts";
import { type LookAtCounts, type LookSettings, lookAtCounts } from "./look.ts";
import { addEach, nothing, type Tally } from "./tally.ts";

/*
 * From a built-in's counts to a verdict.
 *
 *   fail          the judge says that the canary is worse, by all that was counted since the metric began
 *   no-data       too few requests under the weight now in force: the step holds, and onNoData says what happens when it stays so; never a pass.
 *                 While the canary warms up it is `early`: onNoData does not count that time
 *   inconclusive  the judge wants to see more: the step holds, and no limit counts it
 *   pass          nothing speaks against it
 */

export interface Circumstances {
  /** The canary's weight when this was counted. */
  readonly weight: number;
  /** When the routes were last changed, ms since epoch. */
  readonly weightChangedAt: number;
  /** When it was counted, ms since epoch. */
  readonly at: number;
  /** How many built-ins the whole policy has: together they stop a release without a difference as seldom as one alone may. */
  readonly builtins: number;
}

/**
 * One look of a built-in. Requests that were partly sent under the weight before are evidence like any other, but none of the weight now in force:
 * then there is a judgement only if it is a failure.
 */
export function judgeCounts(
  metric: Pick<Metric, "name"> & { builtin: Builtin },
  status: Pick<MetricStatus, "counted">,
  answer: CountsAnswer,
  { weight, weightChangedAt, at, builtins }: Circumstances,
  look: LookAtCounts = lookAtCounts,
): { counted: Counted; judgement?: Judgement; early?: boolean } {
  const before = status.counted;
  const isMixed = answer.since < weightChangedAt;
  const sofar = before !== undefined && before.weight === weight && Date.parse(before.since) >= weightChangedAt ? before : undefined;
  const since = sofar?.since ?? toTime(Math.max(answer.since, weightChangedAt));
  const under = isMixed ? nothing : addEach(sofar ?? nothing, answer);
  const boundMs = answer.boundMs ?? before?.boundMs;
  // A window is known by its beginning. What is mixed belongs to none, so that nothing of it lets a step end.
  const window = isMixed ? -1 : Date.parse(since);
  const settings = settingsOf(metric.builtin, { boundMs, builtins });
  // At weight 100 no request goes to stable; those that still come in were sent before.
  const stable = weight === 100 && settings.against === "stable" ? undefined : answer.stable;
  const counts = { since: answer.since, at, weightSince: weightChangedAt, window, canary: answer.canary, stable };
  const looked = look(remembered(before?.evidence), counts, settings);
  const counted: Counted = {
    weight,
    since,
    canary: under.canary,
    stable: under.stable,
    ...(boundMs !== undefined && { boundMs }),
    evidence: JSON.stringify(looked.state),
  };
  if (isMixed && looked.verdict !== "fail") return { counted };
  const missing = looked.verdict === "fail" ? undefined : answer.missing;
  return {
    counted,
    early: looked.early === true && missing === undefined,
    judgement: {
      verdict: missing === undefined ? looked.verdict : "no-data",
      value: atMost(goodShare(under.canary), 512),
      message: atMost(`${metric.name}: ${missing ?? looked.message}`, 1024),
    },
  };
}

/** Of the whole policy, so that the bar of each stays where it is from the first look to the last. */
export const builtinsIn = ({ analysis, steps }: PolicySpec): number =>
  [analysis, ...steps.map((step) => step.analysis)].flatMap((one) => one?.metrics ?? []).filter(({ builtin }) => builtin !== undefined)
    .length;

/** What the policy says, as the judge takes it: of a latency so many may be slow as the quantile leaves. */
export function settingsOf(
  { successRate, latency }: Builtin,
  { boundMs, builtins }: { boundMs?: number | undefined; builtins: number },
): LookSettings {
  const said = successRate ?? latency;
  const share = successRate?.min !== undefined ? 1 - successRate.min : latency?.max !== undefined ? 1 - latency.quantile : undefined;
  return {
    against: share === undefined ? "stable" : { share: rounded(share) },
    bad: successRate !== undefined ? "failed" : `took longer than ${boundMs ?? "?"}ms`,
    alpha: (said?.alpha ?? sequentialDefaults.alpha) / Math.max(1, builtins),
    tolerance: share === undefined ? (said?.tolerance ?? sequentialDefaults.tolerance) : 1,
    minRequests: said?.minRequests ?? sequentialDefaults.minRequests,
    // A cold process is slow, but it does not fail.
    warmUp: latency === undefined ? sequentialDefaults.warmUp : latencyWarmUp,
  };
}

/** 1 − 0.99 is 0.010000000000000009. A judge may want a share above 0: with `min: 1` one in a million is allowed. */
const rounded = (share: number): number => Math.min(0.999_999, Math.max(0.000_001, Number(share.toFixed(6))));

/** `[0.987]`: the share of good requests, as a query would answer it. */
const goodShare = ({ requests, bad }: Tally): string => (requests > 0 ? `[${Number((1 - bad / requests).toPrecision(6))}]` : "[]");

/** What an older Serin left may be anything: then the judge begins anew. */
function remembered(evidence: string | undefined): unknown {
  try {
    return evidence === undefined ? undefined : JSON.parse(evidence);
  } catch {
    return undefined;
  }
}
