/*
 * Raw counters, and what they grew by from one look to the next. Differences are made here and not by rate(): exact, without extrapolation, and
 * a restart is seen.
 *
 *   sample ──▶ sample ──▶ sample        each series: its value minus the one before; one that is new counts from 0
 *                 └ a proxy began or ended to report, or a counter was reset: this difference is left out, the next one starts here
 *
 * The query sums over the proxies that report, so a single restart hides in a sum of many: one of ten gateways that starts over at 0 takes its
 * whole past out of the sum of good requests and nothing out of the bad ones. `reporters` and `resets` tell of that.
 */

/** One series: which requests it counts, and how many. */
export interface Counter {
  readonly labels: Readonly<Record<string, string>>;
  /** A whole number of requests. */
  readonly value: number;
}

/** All counters of one workload at one time. */
export interface Sample {
  /** Time of the newest scrape in it, ms since epoch. */
  readonly at: number;
  /** How many proxies report. */
  readonly reporters: number;
  /** How many counters were reset within the last minute or so. */
  readonly resets: number;
  readonly series: ReadonlyMap<string, Counter>;
}

export type Growth =
  /** By how much each series grew, those that did not grow left out. */
  | { readonly kind: "grown"; readonly since: number; readonly series: readonly Counter[] }
  /** Nothing was scraped since. */
  | { readonly kind: "same" }
  /** The counters can't be compared with those before. */
  | { readonly kind: "restarted"; readonly why: string };

/** What happened between two samples of one workload. A sample that is older than the one before is `same`: it came late. */
export function growthBetween(before: Sample, after: Sample): Growth {
  if (after.at <= before.at) return { kind: "same" };
  if (after.reporters !== before.reporters && before.series.size > 0)
    return { kind: "restarted", why: `${after.reporters} proxies report instead of ${before.reporters}` };
  if (after.resets > before.resets) return { kind: "restarted", why: "a proxy's counters started over" };
  const series: Counter[] = [];
  for (const [key, { labels, value }] of after.series) {
    const grown = Math.round(value) - Math.round(before.series.get(key)?.value ?? 0);
    if (grown < 0) return { kind: "restarted", why: "a counter went down" };
    if (grown > 0) series.push({ labels, value: grown });
  }
  return { kind: "grown", since: before.at, series };
}
