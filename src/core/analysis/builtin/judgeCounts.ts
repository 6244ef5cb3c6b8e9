import type { Builtin } from "../../../api/builtin.ts";
import type { Metric } from "../../../api/metric.ts";
import type { Counted, MetricStatus } from "../../../api/metricStatus.ts";
import { atMost, type CountsAnswer } from "../answer.ts";
import type { Judgement } from "../condition.ts";
import { toTime } from "../time.ts";
import { type LookSettings, lookAtCounts } from "./look.ts";
import { type add, addEach, nothing } from "./tally.ts";

/*
 * From a built-in's counts to a verdict.
 *
 *   fail      the judge says that the canary is worse, by all that was counted since the metric began
 *   pass      it does not, and at least minRequests of the canary were counted under the weight now in force
 *   no-data   fewer: the step holds, and onNoData says what happens when it stays so; never a pass
 */

export const defaults = { alpha: 0.01, tolerance: 1.25, minRequests: 50 } as const;

export interface Circumstances {
  /** The canary's weight when this was counted. */
  readonly weight: number;
  /** When the routes were last changed, ms since epoch. */
  readonly weightChangedAt: number;
}

/**
 * One look of a built-in. Requests that were partly sent under the weight before are evidence like any other, but none of the weight now in force:
 * then there is a judgement only if it is a failure.
 */
export function judgeCounts(
  metric: Metric & { builtin: Builtin },
  status: Pick<MetricStatus, "counted">,
  answer: CountsAnswer,
  { weight, weightChangedAt }: Circumstances,
): { counted: Counted; judgement?: Judgement } {
  const { builtin, name } = metric;
  const settings = settingsOf(builtin);
  const before = status.counted;
  const looked = lookAtCounts(before?.evidence === undefined ? undefined : parsed(before.evidence), answer, settings);
  const isMixed = answer.since < weightChangedAt;
  const sofar = before !== undefined && before.weight === weight && Date.parse(before.since) >= weightChangedAt ? before : undefined;
  const under = isMixed ? nothing : addEach(sofar ?? nothing, answer);
  const boundMs = answer.boundMs ?? before?.boundMs;
  const counted: Counted = {
    weight,
    since: sofar?.since ?? toTime(Math.max(answer.since, weightChangedAt)),
    canary: under.canary,
    stable: under.stable,
    ...(boundMs !== undefined && { boundMs }),
    evidence: JSON.stringify(looked.state),
  };
  const say = (verdict: Judgement["verdict"], sentence: string): Judgement => ({
    verdict,
    value: atMost(goodShare(under.canary), 512),
    message: atMost(`${name}: ${sentence}`, 1024),
  });
  const slow = boundMs === undefined ? "" : ` (bad: slower than ${boundMs}ms)`;
  if (looked.verdict === "fail") return { counted, judgement: say("fail", `${looked.message}${slow}`) };
  if (isMixed) return { counted };
  const wanted = (builtin.successRate ?? builtin.latency)?.minRequests ?? defaults.minRequests;
  if (answer.missing !== undefined) return { counted, judgement: say("no-data", answer.missing) };
  if (under.canary.requests < wanted)
    return {
      counted,
      judgement: say("no-data", `${Math.round(under.canary.requests)} of ${wanted} requests of the canary under weight ${weight}`),
    };
  if (settings.allowed === undefined && under.stable.requests === 0 && weight < 100)
    return { counted, judgement: say("no-data", "no request of stable to compare with") };
  return { counted, judgement: say("pass", `${looked.message}${slow}`) };
}

/** What the policy says, as the judge takes it: of a latency so many may be slow as the quantile leaves. */
export function settingsOf({ successRate, latency }: Builtin): LookSettings {
  const said = successRate ?? latency ?? {};
  const allowed = successRate?.min !== undefined ? 1 - successRate.min : latency?.max !== undefined ? 1 - latency.quantile : undefined;
  return { allowed, tolerance: said.tolerance ?? defaults.tolerance, alpha: said.alpha ?? defaults.alpha };
}

/** `[0.987]`: the share of good requests, as a query would answer it. */
const goodShare = ({ requests, bad }: ReturnType<typeof add>): string =>
  requests > 0 ? `[${Number((1 - bad / requests).toPrecision(6))}]` : "[]";

/** What an older Serin left may be anything: then the judge begins anew. */
function parsed(evidence: string): unknown {
  try {
    return JSON.parse(evidence);
  } catch {
    return undefined;
  }
}
