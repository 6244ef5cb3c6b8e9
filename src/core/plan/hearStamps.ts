import { mostStamps, type PlanStatus } from "../../api/plan.ts";
import { fields, needStamp, stampLastsMs } from "../admission/stamp.ts";
import type { Draft } from "./draft.ts";
import type { Look } from "./look.ts";

type Heard = NonNullable<PlanStatus["stamps"]>[number];

/** A full list has room again when what was taken back is forgotten. */
const roomMs = 60_000;

/**
 * Remembers the webhook's stamps on the wishes of this plan, and which of them are gone again: somebody who kept one could write it back while the
 * webhook is down. One that was taken back before anybody heard of it is good for ten minutes; after that it is too old (`stampLastsMs`), so twice that
 * is long enough to remember it, whatever the clocks say.
 */
export function hearStamps({ plan, snapshot }: Look, draft: Draft): void {
  const standing = fields.flatMap((field): Heard[] => {
    const { mac } = plan.spec.control[field] ?? {};
    const stamp = snapshot.stamps[field];
    return needStamp.has(field) && mac !== undefined && typeof stamp === "object" ? [{ mac, at: stamp.at }] : [];
  });
  const isThere = ({ mac }: Heard): boolean => fields.some((field) => plan.spec.control[field]?.mac === mac);
  const before = draft.status.stamps ?? [];
  const kept = before
    .map((one): Heard => (isThere(one) ? one : { ...one, takenBack: true }))
    .filter(({ takenBack, at }) => !takenBack || snapshot.wall - Date.parse(at) < 2 * stampLastsMs);
  const fresh = standing.filter(({ mac }) => !kept.some((one) => one.mac === mac)).slice(0, mostStamps - kept.length);
  if (kept.length + standing.length > mostStamps) draft.wake(roomMs);
  if (before.length > 0 || fresh.length > 0) draft.status.stamps = [...kept, ...fresh];
}
