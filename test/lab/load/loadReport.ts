/** What a load run found out; plain data, so it crosses processes and fits into a JSON file. Times are ms since 1970. */
export interface LoadReport {
  readonly url: string;
  readonly host: string | undefined;
  readonly rate: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly sent: number;
  /** Answers of any status. sent = answered + failed + pending. */
  readonly answered: number;
  /** Requests that got no answer at all: refused, reset, timed out. */
  readonly failed: number;
  readonly pending: number;
  /** Everything that is not a 200, failed ones included. 0 is what a rollout should cost. */
  readonly non200: number;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly byVersion: Readonly<Record<string, VersionCounts>>;
  /** Error messages of the failed ones. */
  readonly errors: Readonly<Record<string, number>>;
  /** From the time a request was due to the end of its answer. */
  readonly latencyMs: Latency;
  readonly timeline: readonly TimelineRow[];
  /** The first 50 that were not a 200. */
  readonly failures: readonly Failure[];
  readonly marks: readonly Mark[];
}

export interface VersionCounts {
  readonly total: number;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly latencyMs: Latency;
}

export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** How many requests that were due in the 100 ms from `at` on ended with this version and status. Status 0: no answer. */
export interface TimelineRow {
  readonly at: number;
  readonly version: string;
  readonly status: number;
  readonly count: number;
}

export interface Failure {
  readonly at: number;
  readonly status: number;
  readonly version: string;
  /** The error of a request without an answer, else the beginning of the body. */
  readonly body: string;
  /** The headers that say who made the answer: x-pod, x-image, x-envoy-*, response flags. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface Mark {
  readonly name: string;
  readonly at: number;
}

export const BUCKET_MS = 100;
/** The version of an answer that no pod gave, and of a request without an answer. */
export const NO_VERSION = "-";

/** Count per version and status of the buckets that begin within [from, to); each end is a time or the name of a mark. */
export function countsBetween(
  report: LoadReport,
  from: number | string,
  to: number | string = Number.POSITIVE_INFINITY,
): Record<string, Record<string, number>> {
  const time = (end: number | string): number => {
    if (typeof end === "number") return end;
    const mark = report.marks.find((m) => m.name === end);
    if (mark === undefined) throw new Error(`no mark "${end}"; there are: ${report.marks.map((m) => m.name).join(", ") || "none"}`);
    return mark.at;
  };
  const [first, last] = [time(from), time(to)];
  const counts: Record<string, Record<string, number>> = {};
  for (const row of report.timeline) {
    if (row.at < first || row.at >= last) continue;
    const ofVersion = counts[row.version] ?? {};
    counts[row.version] = { ...ofVersion, [row.status]: (ofVersion[row.status] ?? 0) + row.count };
  }
  return counts;
}
