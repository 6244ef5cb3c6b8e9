import type { AuditRow } from "../../src/cli/audit/auditRow.ts";
import type { ImageChange, Refusal } from "./imageChanges.ts";

/*
 * The record and kube-apiserver's log, side by side. Each image change of a person is one of:
 *   the beginning of exactly one plan, which names him, the Deployment and the images;
 *   the end of exactly one: the stable template asked for again (Cancelled by him), or given back to a Deployment that was held (Held).
 * Each of Serin's own is the way back of a plan that has ended. And no record is left without a change.
 */

const worker = "system:serviceaccount:serin-system:serin-worker";
/** kube-apiserver notes when a request came, the record when it was admitted, a moment later; what went past the webhook is seen by a watch. */
const apartMs = 5_000;

/** What doesn't agree, each in a sentence; none: all does. */
export function disagreements(rows: readonly AuditRow[], changes: readonly ImageChange[], refusals: readonly Refusal[]): string[] {
  const begun = new Map<AuditRow, ImageChange>();
  const found: string[] = [];
  for (const change of changes) {
    const ofDeployment = rows.filter(({ deployment, outcome }) => deployment === change.deployment && outcome !== "Denied");
    if (change.user === worker) {
      const back = ofDeployment.some((row) => row.before.join() === change.after && row.after.join() === change.before);
      if (!back) found.push(`${inWords(change)}: no plan has this way back`);
      continue;
    }
    const beginnings = ofDeployment.filter(
      (row) =>
        !begun.has(row) &&
        row.user === change.user &&
        row.after.join() === change.after &&
        Math.abs(Date.parse(row.at) - change.at) < apartMs,
    );
    const [first, second] = beginnings;
    if (first && !second) begun.set(first, change);
    else if (second) found.push(`${inWords(change)}: ${beginnings.length} plans record it`);
    else if (!ofDeployment.some((row) => isEndOf(row, change))) found.push(`${inWords(change)}: no plan records it`);
  }
  for (const row of rows)
    if (row.outcome !== "Denied" && !begun.has(row)) found.push(`plan ${row.plan} of ${row.user}: kube-apiserver's log has no such change`);
  return [...found, ...disagreeingRefusals(rows, refusals)];
}

function isEndOf(row: AuditRow, { user, before, after, at }: ImageChange): boolean {
  if (row.before.join() !== after || row.after.join() !== before || Date.parse(row.at) > at) return false;
  return row.outcome === "Held" || (row.outcome === "Cancelled" && row.message.includes(` by ${user}`));
}

function disagreeingRefusals(rows: readonly AuditRow[], refusals: readonly Refusal[]): string[] {
  const key = ({ user, deployment, at }: Refusal) => `${deployment} refused to ${user} at ${new Date(at).toISOString()}`;
  const recorded = rows.filter(({ outcome }) => outcome === "Denied").map((row) => key({ ...row, at: Date.parse(row.at) }));
  const known = refusals.map(key);
  return [
    ...known.filter((one) => !recorded.includes(one)).map((one) => `${one}: the record lacks it`),
    ...recorded.filter((one) => !known.includes(one)).map((one) => `${one}: kube-apiserver's log lacks it`),
  ];
}

const inWords = ({ user, deployment, before, after, at }: ImageChange): string =>
  `${new Date(at).toISOString()} ${user} ${deployment} ${before} -> ${after}`;
