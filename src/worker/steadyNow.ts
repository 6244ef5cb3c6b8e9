import { type CanaryPlan, isLive } from "../api/plan.ts";

/** Times that are further ahead are no clock's: of such a plan they are put right instead (`inTime` in core/plan). */
const longestAheadMs = 86_400_000;

export interface SteadyNow {
  /** Milliseconds since the epoch; never less than it was before. */
  now(): number;
  /** From now on it is at least this, unless that is more than a day ahead: then all plans would skip a day of what they wait for. */
  notBefore(time: number): void;
}

/**
 * The wall clock, which goes on from where it was when it is set back, and from the newest time that an earlier leader has written. What a plan waits for
 * and when it measures is counted from such times: with a clock that is an hour behind them a bad release would go unjudged for an hour.
 */
export function steadyNow(wall: () => number): SteadyNow {
  let ahead = 0;
  let last = Number.NEGATIVE_INFINITY;
  const goOnFrom = (time: number): void => {
    ahead = Math.max(ahead, time - wall());
  };
  return {
    now() {
      if (wall() + ahead < last) goOnFrom(last);
      last = Math.max(last, wall() + ahead);
      return last;
    },
    notBefore: (time) => {
      if (time - wall() <= longestAheadMs) goOnFrom(time);
    },
  };
}

/** The newest time that stands in the status of a plan that lives, ms since epoch; undefined when none does. */
export function newestTimeIn(plan: CanaryPlan): number | undefined {
  const { status } = plan;
  if (!isLive(plan) || status === undefined) return undefined;
  const metrics = (status.metrics ?? []).flatMap(({ startedAt, lastScheduledAt, measurements }) => [
    startedAt,
    lastScheduledAt,
    ...measurements.map(({ finishedAt }) => finishedAt),
  ]);
  const told = [status.startedAt, status.stageSince, status.step?.startedAt, status.weight?.changedAt, status.journal?.at(-1)?.at];
  const times = [...told, ...metrics].flatMap((time) => Date.parse(time ?? "") || []);
  return times.length === 0 ? undefined : Math.max(...times);
}
