import { families, revisionLabel } from "../core/analysis/builtin/source.ts";
import { type Tally, tallyOutcomes } from "../core/analysis/builtin/tally.ts";
import { promqlString } from "../core/analysis/query.ts";
import type { Prometheus } from "./client.ts";
import { byWorkload, eachOnce } from "./rawCounters.ts";

export interface PastRequests {
  readonly namespace: string;
  readonly deployment: string;
  /** Its value of destination_canonical_revision. */
  readonly revision: string;
  /** ms since epoch. */
  readonly from: number;
  readonly to: number;
}

/**
 * The requests to one revision between two times, and how many of them failed; or why they can't be counted. A counter may have gone with the pods
 * that it counted for, so what it held at its highest is what it came to.
 */
export async function pastRequests(
  prometheus: Prometheus,
  { namespace, deployment, revision, from, to }: PastRequests,
): Promise<Tally | { why: string }> {
  const { metric, by } = families.requests;
  const matchers = { reporter: "source", [byWorkload.namespace]: namespace, [byWorkload.name]: deployment, [revisionLabel]: revision };
  const selector = `${metric}{${Object.entries(matchers)
    .map(([label, value]) => `${label}="${promqlString(value)}"`)
    .join(", ")}}`;
  const tallyAt = async (counters: string, at: number): Promise<Tally | { why: string }> => {
    const answer = await prometheus.query(`sum by (${[revisionLabel, ...by].join(", ")}) (${eachOnce(counters)})`, { at });
    return answer.kind === "error" ? { why: answer.message } : tallyOutcomes("requests", answer.series, revision).canary;
  };
  const seconds = Math.max(1, Math.ceil((to - from) / 1_000));
  const [before, after] = await Promise.all([tallyAt(selector, from), tallyAt(`max_over_time(${selector}[${seconds}s])`, to)]);
  if ("why" in before) return before;
  if ("why" in after) return after;
  const grown = { requests: after.requests - before.requests, bad: after.bad - before.bad };
  // A proxy that started over takes its past out of the sum.
  if (grown.requests < 0 || grown.bad < 0) return { why: "a proxy that counts them was restarted" };
  return after.requests === 0 ? { why: `${metric} has none of revision ${revision}` } : grown;
}
