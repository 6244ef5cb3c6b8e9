/** Whether a worker is alive, from its Lease. */
export interface WorkerHeartbeat {
  /** A new revision of the Lease; undefined when it is gone. */
  seen(lease: LeaseFacts | undefined): void;
  isAlive(): boolean;
}

export interface LeaseFacts {
  /** RFC 3339. */
  renewTime: string | undefined;
  leaseDurationSeconds: number | undefined;
}

export interface Clocks {
  /** Milliseconds, never set back. */
  monotonic(): number;
  /** Milliseconds since the epoch. */
  wall(): number;
}

/** A worker that restarts releases its Lease with a duration of 1 s; its successor needs a few seconds more. */
const shortestPatience = 30_000;

/**
 * Stale after twice the Lease's duration without a renewal. Clocks of nodes differ, so only the first sight is judged by the time written in it;
 * afterwards the age is counted here, from when a renewal was last seen to happen.
 */
export function workerHeartbeat({ monotonic, wall }: Clocks): WorkerHeartbeat {
  let lease: LeaseFacts | undefined;
  let agedAt = 0;
  return {
    seen(next) {
      const isFirst = lease === undefined;
      if (next?.renewTime !== lease?.renewTime) {
        const age = isFirst && next?.renewTime ? Math.max(0, wall() - Date.parse(next.renewTime)) : 0;
        agedAt = monotonic() - age;
      }
      lease = next;
    },
    isAlive() {
      if (lease?.renewTime === undefined) return false;
      const patience = Math.max(shortestPatience, 2_000 * (lease.leaseDurationSeconds ?? 15));
      return monotonic() - agedAt <= patience;
    },
  };
}
