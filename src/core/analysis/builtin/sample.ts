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

/** What a sum of counters is made of. */
export interface Reported {
  /** How many proxies report. */
  readonly reporters: number;
  /** How many counters were reset within the last minutes. */
  readonly resets: number;
}

/** All counters of one workload at one time. */
export interface Sample extends Reported {
  /** Time of the newest scrape in it, ms since epoch. */
  readonly at: number;
  readonly series: ReadonlyMap<string, Counter>;
}

export type Growth =
  /** By how much each series grew, those that did not grow left out. */
  | { readonly kind: "grown"; readonly since: number; readonly series: readonly Counter[] }
  /** Nothing was scraped since. */
  | { readonly kind: "same" }
  /**
   * A counter went down though the same proxies report: another one took a proxy's place, or this is another replica of Prometheus, which has scraped
   * some proxies later than the one before did, and others earlier. Then it is further on within one interval of scrapes.
   */
  | { readonly kind: "behind"; readonly why: string }
  /** The counters can't be compared with those before. */
  | { readonly kind: "restarted"; readonly why: string };

/** What happened between two samples of one workload. A sample that is older than the one before is `same`: it came late. */
export function growthBetween(before: Sample, after: Sample): Growth {
  if (after.at <= before.at) return { kind: "same" };
  const grown = differences(values(before), values(after));
  if ("why" in grown) return grown;
  const series = [...grown.by].flatMap(([key, value]) => {
    const labels = after.series.get(key)?.labels;
    return labels === undefined || value === 0 ? [] : [{ labels, value }];
  });
  return { kind: "grown", since: before.at, series };
}

/** What the next sample is compared with: a series that is missing in one of them, and then is back, does not bring its past along. */
export const following = (before: Sample, after: Sample): Sample => ({ ...after, series: new Map([...before.series, ...after.series]) });

const values = ({ reporters, resets, series }: Sample): Counters => ({
  reporters,
  resets,
  values: new Map([...series].map(([key, { value }]) => [key, value])),
});

/** Counters, each under a name of its own. */
export interface Counters extends Reported {
  readonly values: ReadonlyMap<string, number>;
}

/**
 * By how much each counter grew, in whole requests; or why nobody knows. Where another number of proxies reports, one that was not there brings all
 * its past along, also where there was none: Prometheus may have started without data, or found the proxies again.
 */
export function differences(
  before: Counters,
  after: Counters,
): { readonly by: ReadonlyMap<string, number> } | Extract<Growth, { readonly why: string }> {
  if (after.reporters !== before.reporters)
    return { kind: "restarted", why: `${after.reporters} proxies report instead of ${before.reporters}` };
  if (after.resets > before.resets) return { kind: "restarted", why: "a proxy's counters started over" };
  const by = new Map([...after.values].map(([key, value]) => [key, Math.round(value) - Math.round(before.values.get(key) ?? 0)]));
  return [...by.values()].some((grown) => grown < 0) ? { kind: "behind", why: "a counter went down" } : { by };
}
