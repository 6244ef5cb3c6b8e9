import { differences, type Reported } from "./builtin/sample.ts";

/**
 * Which share of the requests the canary really got, from raw request counters (design §6, "proof").
 *
 *   route changed ──settle──▶ settledAt   baseline = first sample at or after it   later samples − baseline = the requests under this weight
 *
 * Counters, not rate(): exact, without extrapolation, and requests of the weight before don't leak in through a window. They are sums over all
 * callers' proxies: one that ends takes its whole past out, one that is scraped again brings it back. Between two such samples nothing is
 * known, so that difference is left out.
 */

/** Request counters by revision at one time; what src/prometheus reads. */
export interface Counts extends Reported {
  /** Time of the newest sample, ms since epoch. */
  readonly at: number;
  /** Requests since the counters' start, by the revision's value in the metrics ("" where it has none). */
  readonly byRevision: ReadonlyMap<string, number>;
}

export interface Revisions {
  /** When the route had settled, ms since epoch. Another value starts over. */
  readonly settledAt: number;
  /** The stable revision's value in the metrics. Every series that is not the canary's counts as stable; this one names it in messages. */
  readonly stable: string;
  /** The canary revision's value in the metrics. */
  readonly canary: string;
}

export interface ShiftState extends Revisions {
  /** Time of the latest sample that was taken in. */
  readonly at: number;
  /** Whether a sample at or after settledAt is there. */
  readonly based: boolean;
  /** The latest counters, and what they are the sum of. */
  readonly raw: Omit<Counts, "at">;
  /** Requests since the baseline. */
  readonly grown: ReadonlyMap<string, number>;
}

/** Takes one sample in. A sample that is not newer than the latest changes nothing, one from before settledAt is no baseline. */
export function observeCounts(before: ShiftState | undefined, counts: Counts, revisions: Revisions): ShiftState {
  const state = before !== undefined && isSame(before, revisions) ? before : fresh(revisions);
  if (counts.at <= state.at || counts.at < revisions.settledAt) return state;
  const { at, ...raw } = counts;
  const differed = state.based ? differences(countersOf(state.raw), countersOf(raw)) : undefined;
  if (differed === undefined || "why" in differed) return { ...state, at, based: true, raw };
  const grown = new Map(state.grown);
  for (const [revision, value] of differed.by) grown.set(revision, (grown.get(revision) ?? 0) + value);
  return { ...state, at, raw: { ...raw, byRevision: new Map([...state.raw.byRevision, ...raw.byRevision]) }, grown };
}

const countersOf = ({ reporters, resets, byRevision }: ShiftState["raw"]) => ({ reporters, resets, values: byRevision });

/** Requests by revision since the baseline; undefined before two samples, and while no request was counted. */
export function shares(state: ShiftState): { canary: number; stable: number; total: number } | undefined {
  let canary = 0;
  let total = 0;
  for (const [revision, requests] of state.grown) {
    total += requests;
    if (revision === state.canary) canary += requests;
  }
  return total > 0 ? { canary, stable: total - canary, total } : undefined;
}

const isSame = (state: ShiftState, { settledAt, stable, canary }: Revisions): boolean =>
  state.settledAt === settledAt && state.stable === stable && state.canary === canary;

const fresh = ({ settledAt, stable, canary }: Revisions): ShiftState => ({
  settledAt,
  stable,
  canary,
  at: Number.NEGATIVE_INFINITY,
  based: false,
  raw: { reporters: 0, resets: 0, byRevision: new Map() },
  grown: new Map(),
});
