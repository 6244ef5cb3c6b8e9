import type { Prometheus } from "./client.ts";

/**
 * How fast istiod is, from its own metrics (pilot/pkg/xds/monitoring.go of Istio 1.31-dev; both histograms are in seconds):
 *
 *   pilot_debounce_time            from the first config change of a batch until the push of the batch was handed out
 *   pilot_proxy_convergence_time   from there until a proxy has received everything; it does not contain the debounce
 *
 * Their buckets are coarse (0.01, 0.1, 1, 3, 5 …), so a p99 reads up to one bucket high, which errs on the safe side.
 */
const debounceMetric = "pilot_debounce_time";
const convergenceMetric = "pilot_proxy_convergence_time";

/** The answer is good for so long: a mesh's speed does not change faster than Prometheus scrapes it. */
const keepMs = 10_000;

/** When Prometheus can't be asked, the last figures are still better than none, for as long as their own window. */
const windowMs = 600_000;

/** Seconds; absent where Prometheus has no data. As `settleTime` takes them. */
export interface SettleFigures {
  readonly debounceP99Seconds?: number;
  readonly convergenceP99Seconds?: number;
  /** When they were read, ms since epoch. */
  readonly at: number;
}

export interface SettleSource {
  /** Asks istiod's metrics, at most every 10 s; else the remembered figures. Never throws. */
  refresh(): Promise<SettleFigures>;
  /** The figures read last; undefined before the first time. */
  latest(): SettleFigures | undefined;
}

/**
 * p99 of a histogram over ten minutes. rate() needs two samples and gives 0/0 = NaN while nothing changed: `>= 0` drops that, and the plain
 * counters, everything since istiod's start, answer instead.
 */
export const p99Of = (metric: string): string =>
  `(histogram_quantile(0.99, sum by (le) (rate(${metric}_bucket[10m]))) >= 0) or histogram_quantile(0.99, sum by (le) (${metric}_bucket))`;

export function settleSource(client: Prometheus, { now, address }: { now: () => number; address?: string }): SettleSource {
  const seen = new Map<string, { value: number; at: number }>();
  let latest: SettleFigures | undefined;
  let running: Promise<SettleFigures> | undefined;

  const read = async (metric: string): Promise<number | undefined> => {
    const answer = await client.query(p99Of(metric), { address });
    const before = seen.get(metric);
    if (answer.kind === "error") return before !== undefined && now() - before.at <= windowMs ? before.value : undefined;
    const value = answer.values[0];
    if (value === undefined || Number.isNaN(value)) return undefined;
    seen.set(metric, { value, at: now() });
    return value;
  };

  const ask = async (): Promise<SettleFigures> => {
    const [debounce, convergence] = await Promise.all([read(debounceMetric), read(convergenceMetric)]);
    latest = {
      ...(debounce !== undefined && { debounceP99Seconds: debounce }),
      ...(convergence !== undefined && { convergenceP99Seconds: convergence }),
      at: now(),
    };
    return latest;
  };

  return {
    latest: () => latest,
    refresh: async () => {
      if (latest !== undefined && now() - latest.at < keepMs) return latest;
      running ??= ask().finally(() => {
        running = undefined;
      });
      return running;
    },
  };
}
