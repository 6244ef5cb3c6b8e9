import { expect, test } from "vitest";
import {
  decideLease,
  leaseSeconds,
  missingGrace,
  type ObservedLease,
  renewDeadline,
  retryPeriod,
  type Verdict,
} from "../../src/worker/leader/decideLease.ts";

const me = "pod-a_1";
const now = 100_000;
const ours = { holder: me, seconds: leaseSeconds };
const theirs = { holder: "pod-b_2", seconds: leaseSeconds };

const cases: [string, Partial<ObservedLease>, Verdict][] = [
  [
    "leading, renewed a second ago",
    { leading: true, renewedAt: now - 1_000, lease: ours },
    { action: "hold", reason: "renewed 1000 ms ago", againIn: 1_000 },
  ],
  [
    "leading, renewed two seconds ago",
    { leading: true, renewedAt: now - 2_000, lease: ours },
    { action: "renew", reason: "renewed 2000 ms ago", againIn: 0 },
  ],
  [
    "leading, and somebody deleted the lease",
    { leading: true, renewedAt: now - 1_000, lease: undefined, unchangedSince: now },
    { action: "renew", reason: "the lease was deleted while it was ours", againIn: 0 },
  ],
  [
    "leading, as we think, but the lease names another",
    { leading: true, renewedAt: now - 1_000, lease: theirs, unchangedSince: now - 500 },
    { action: "wait", reason: "pod-b_2 has not renewed the lease for 500 ms of 10000 ms", againIn: 2_000 },
  ],
  [
    "our term is over but the lease still names us",
    { lease: ours, renewedAt: now - 8_000 },
    { action: "take", reason: "the lease is still ours from a term that is over", againIn: 0 },
  ],
  [
    "released",
    { lease: { holder: "", seconds: leaseSeconds }, unchangedSince: now },
    { action: "take", reason: "the lease was released", againIn: 0 },
  ],
  ["none, just now", { unchangedSince: now }, { action: "wait", reason: "there is no lease for 0 ms of 3000 ms", againIn: 2_000 }],
  [
    "none, for three seconds",
    { unchangedSince: now - 3_000 },
    { action: "take", reason: "there is no lease for 3000 ms of 3000 ms", againIn: 0 },
  ],
  [
    "another's, a moment before it runs out",
    { lease: theirs, unchangedSince: now - 9_999 },
    { action: "wait", reason: "pod-b_2 has not renewed the lease for 9999 ms of 10000 ms", againIn: 1 },
  ],
  [
    "another's, run out",
    { lease: theirs, unchangedSince: now - 10_000 },
    { action: "take", reason: "pod-b_2 has not renewed the lease for 10000 ms of 10000 ms", againIn: 0 },
  ],
  [
    "another's that claims one second: a version with other constants may still believe in ten",
    { lease: { ...theirs, seconds: 1 }, unchangedSince: now - 2_000 },
    { action: "wait", reason: "pod-b_2 has not renewed the lease for 2000 ms of 10000 ms", againIn: 2_000 },
  ],
  [
    "another's that claims a year",
    { lease: { ...theirs, seconds: 31_536_000 }, unchangedSince: now - 60_000 },
    { action: "take", reason: "pod-b_2 has not renewed the lease for 60000 ms of 60000 ms", againIn: 0 },
  ],
  [
    "another's without a duration",
    { lease: { ...theirs, seconds: undefined }, unchangedSince: now - 10_000 },
    { action: "take", reason: "pod-b_2 has not renewed the lease for 10000 ms of 10000 ms", againIn: 0 },
  ],
];

test.each(cases)("%s", (_, observed, verdict) => {
  expect(decideLease({ me, leading: false, renewedAt: undefined, lease: undefined, unchangedSince: 0, ...observed }, now)).toEqual(verdict);
});

test("the constants leave room: several tries before the deadline, a takeover only well after it", () => {
  expect(3 * retryPeriod).toBeLessThan(renewDeadline);
  expect(leaseSeconds * 1_000 - renewDeadline).toBeGreaterThanOrEqual(3_000);
  expect(missingGrace).toBeGreaterThan(retryPeriod);
  expect(leaseSeconds * 1_000 + retryPeriod).toBeLessThan(20_000);
});
