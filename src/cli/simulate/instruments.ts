import { parseDuration } from "../../api/duration.ts";
import { readMeter } from "../../core/analysis/builtin/meter.ts";
import { families, sourceOf } from "../../core/analysis/builtin/source.ts";
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
