/** What a worker does about the Lease, from what it has seen. Pure: times are milliseconds of a monotonic clock. */

/** For so long after the last change that a standby saw, the Lease is the holder's. Kubernetes' own default is 15 s; 10 s keeps a takeover after `kill -9`, start included, below 20 s. */
export const leaseSeconds = 10;
const leaseDuration = leaseSeconds * 1_000;
/** The holder stops by itself so long after its last renewal; 3 s before anybody may take over, more than any of its requests lives. */
export const renewDeadline = 7_000;
/** The holder writes and the standbys look so often: three tries fit before the deadline. One write each 2 s is all that an idle Serin writes. */
export const retryPeriod = 2_000;
/** Somebody deleted the Lease: a living holder makes it again within a retry period, and only after that others may. */
export const missingGrace = 3_000;
/** An edited Lease may claim any duration; nobody is locked out for longer than this. */
const longestClaim = 60_000;

export interface ObservedLease {
  /** Our identity. */
  me: string;
  /** Whether we are in a term that has not reached the renew deadline. */
  leading: boolean;
  /** When our last successful write was sent. */
  renewedAt: number | undefined;
  /** undefined: there is none. A holder of "" has released it. */
  lease: { holder: string; seconds: number | undefined } | undefined;
  /** When we first saw it as it is now. */
  unchangedSince: number;
}

export interface Verdict {
  /** hold: it is ours and fresh. renew: it is ours, write it. take: it is free, write it. wait: it is somebody else's. */
  action: "hold" | "take" | "renew" | "wait";
  reason: string;
  /** When to decide again if all goes well, milliseconds from now. */
  againIn: number;
}

export function decideLease(observed: ObservedLease, now: number): Verdict {
  const { me, leading, lease, renewedAt = Number.NEGATIVE_INFINITY } = observed;
  if (leading && (lease === undefined || lease.holder === me)) {
    return ofHolder(lease === undefined, now - renewedAt);
  }
  if (lease === undefined) {
    return ofWaiter("there is no lease", missingGrace, now - observed.unchangedSince);
  }
  if (lease.holder === "") {
    return { action: "take", reason: "the lease was released", againIn: 0 };
  }
  if (lease.holder === me) {
    return { action: "take", reason: "the lease is still ours from a term that is over", againIn: 0 };
  }
  const claimed = Math.min(longestClaim, Math.max(leaseDuration, (lease.seconds ?? 0) * 1_000));
  return ofWaiter(`${lease.holder} has not renewed the lease`, claimed, now - observed.unchangedSince);
}

function ofHolder(isMissing: boolean, age: number): Verdict {
  if (isMissing) {
    return { action: "renew", reason: "the lease was deleted while it was ours", againIn: 0 };
  }
  if (age >= retryPeriod) {
    return { action: "renew", reason: `renewed ${age} ms ago`, againIn: 0 };
  }
  return { action: "hold", reason: `renewed ${age} ms ago`, againIn: retryPeriod - age };
}

function ofWaiter(what: string, patience: number, age: number): Verdict {
  const reason = `${what} for ${age} ms of ${patience} ms`;
  return age >= patience
    ? { action: "take", reason, againIn: 0 }
    : { action: "wait", reason, againIn: Math.min(retryPeriod, patience - age) };
}
