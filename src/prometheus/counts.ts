import type { Sample } from "../core/analysis/builtin/sample.ts";
import { revisionLabel } from "../core/analysis/builtin/source.ts";
import type { Counts } from "../core/analysis/shift.ts";
import type { Prometheus } from "./client.ts";
import type { Failure } from "./failure.ts";
import { byService, keyOf, type Named, readCounters } from "./rawCounters.ts";

/** How many requests each revision has got, as Istio's client-side proxies counted them. */

/**
 * Raw counters by revision of all these Services in one query; ask `countsOf` for those of one plan. reporter="source": counted where the split is
 * made; the servers' own proxies would count every request a second time.
 */
export async function countByRevision(
  client: Prometheus,
  of: readonly Named[],
  now: () => number,
): Promise<{ kind: "counts"; countsOf(services: readonly Named[]): Counts } | Failure> {
  const answer = await readCounters(
    client,
    { metric: "istio_requests_total", matchers: [{ label: "reporter", value: "source" }], namedBy: byService, by: [], of },
    { now },
  );
  if (answer.kind === "error") return answer;
  return { kind: "counts", countsOf: (services) => sumOf(services.flatMap((service) => answer.samples.get(keyOf(service)) ?? [])) };
}

/** Of several Services the newest sample's time. */
function sumOf(samples: readonly Sample[]): Counts {
  const byRevision = new Map<string, number>();
  for (const { labels, value } of samples.flatMap(({ series }) => [...series.values()])) {
    const revision = labels[revisionLabel] ?? "";
    byRevision.set(revision, (byRevision.get(revision) ?? 0) + value);
  }
  const counted = samples.filter(({ series }) => series.size > 0);
  const sum = (of: "reporters" | "resets"): number => samples.reduce((all, sample) => all + sample[of], 0);
  return {
    at: Math.max(0, ...(counted.length > 0 ? counted : samples).map(({ at }) => at)),
    reporters: sum("reporters"),
    resets: sum("resets"),
    byRevision,
  };
}
