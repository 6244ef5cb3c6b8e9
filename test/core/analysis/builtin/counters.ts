import type { Counter, Sample } from "../../../../src/core/analysis/builtin/sample.ts";
import { t0 } from "../aMetric.ts";

/** Counters by `revision code`: `{ "c 200": 90, "s 503": 1 }`; of a histogram by `revision le`. */
export function aSample(
  seconds: number,
  counters: Record<string, number>,
  { reporters = 1, resets = 0, kind = "response_code" }: { reporters?: number; resets?: number; kind?: string } = {},
): Sample {
  const series = new Map<string, Counter>();
  for (const [key, value] of Object.entries(counters)) {
    const [revision = "", what = ""] = key.split(" ");
    series.set(key, { labels: { destination_canonical_revision: revision, [kind]: what }, value });
  }
  return { at: t0 + seconds * 1_000, reporters, resets, series };
}
