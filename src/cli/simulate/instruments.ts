import { parseDuration } from "../../api/duration.ts";
import { readMeter } from "../../core/analysis/builtin/meter.ts";
import { families, sourceOf } from "../../core/analysis/builtin/source.ts";
import { type Tally, tallyOutcomes } from "../../core/analysis/builtin/tally.ts";
import { type QueryArgs, renderQuery } from "../../core/analysis/query.ts";
import type { Prometheus } from "../../prometheus/client.ts";
import { byWorkload, keyOf, readCounters } from "../../prometheus/rawCounters.ts";
import type { Instruments } from "./replay.ts";

/** As by the worker: errors in a row end a metric, and each of its looks is one query. */
const errorEveryMs = 10_000;

/** Prometheus at past times. With `only` that server is asked, whatever addresses the metrics have. */
export function pastInstruments(prometheus: Prometheus, args: QueryArgs, only: string | undefined): Instruments {
  const meters = new Map<string, NonNullable<Parameters<typeof readMeter>[0]>>();
  const erredAt = new Map<string, number>();
  const workload = { namespace: args.namespace, name: args.deployment };
  return {
    ask: async ({ provider }, at) => {
      if (provider === undefined) return { kind: "error", message: "the metric has no query" };
      const { address, query, timeout } = provider.prometheus;
      const rendered = renderQuery(query, args);
      if ("error" in rendered) return { kind: "error", message: rendered.error };
      return prometheus.query(rendered.query, {
        address: only ?? address,
        at,
        timeoutMs: timeout === undefined ? undefined : parseDuration(timeout),
      });
    },
    count: async (builtin, run, at) => {
      const source = sourceOf(builtin);
      const { metric, by } = families[source.family];
      const matchers = [{ label: "reporter", value: source.reporter }, ...source.matchers];
      const answer = await readCounters(prometheus, { metric, matchers, namedBy: byWorkload, by, of: [workload] }, { now: () => at, at });
      if (answer.kind === "error") {
        if (at - (erredAt.get(run) ?? Number.NEGATIVE_INFINITY) < errorEveryMs) return undefined;
        erredAt.set(run, at);
        return answer;
      }
      const sample = answer.samples.get(keyOf(workload));
      if (sample === undefined) return undefined;
      const read = readMeter(meters.get(run), builtin, sample, { now: at, canaryRevision: args.canaryHash });
      meters.set(run, read.meter);
      return read.answer;
    },
  };
}

/** The canary's requests between two times, and how many failed, by Istio's counters; undefined when they can't be counted. */
export async function requestsOfCanary(
  prometheus: Prometheus,
  args: QueryArgs,
  window: { from: number; to: number },
): Promise<Tally | undefined> {
  const workload = { namespace: args.namespace, name: args.deployment };
  const { metric, by } = families.requests;
  const query = { metric, matchers: [{ label: "reporter", value: "source" }], namedBy: byWorkload, by, of: [workload] };
  const tallyAt = async (at: number): Promise<Tally | undefined> => {
    const answer = await readCounters(prometheus, query, { now: () => at, at });
    const sample = answer.kind === "error" ? undefined : answer.samples.get(keyOf(workload));
    return sample === undefined ? undefined : tallyOutcomes("requests", [...sample.series.values()], args.canaryHash).canary;
  };
  const [before, after] = await Promise.all([tallyAt(window.from), tallyAt(window.to)]);
  if (before === undefined || after === undefined) return undefined;
  const grown = { requests: after.requests - before.requests, bad: after.bad - before.bad };
  // A proxy that started over takes its past out of the sum.
  return grown.requests <= 0 || grown.bad < 0 ? undefined : grown;
}
