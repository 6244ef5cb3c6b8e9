import type { PlanSpec, PlanStatus } from "../../api/plan.ts";
import { isSealedWish, isUnread, type SealKey, sealWish } from "./seal.ts";

/*
 * Whoever may edit a plan may write into `spec.control` what he likes, by himself or while the webhook is down. So the webhook's stamp of who and when
 * is signed, over the plan's uid, the field and what is asked: it is worth nothing on another plan, in another field, or under a changed wish.
 */

export type Control = PlanSpec["control"];
export type Field = keyof Control;
export type StampParts = { [Part in keyof Stamp]?: Stamp[Part] | undefined };
/** A wish as it stands in a plan: `full` or `step`, and the stamp or parts of it. */
export type Asked = StampParts & { [field: string]: unknown };
/** What is asked of which plan. */
export interface Wish {
  plan: string;
  field: Field;
  asked: Asked;
}
/** Who asked, and when. */
export interface Who {
  by: string;
  at: string;
}
export type Stamp = Who & { key: string; mac: string };

export const fields = ["hold", "approve", "promote", "abort", "retry"] as const satisfies readonly Field[];
export const stampParts = ["by", "at", "key", "mac"] as const satisfies ReadonlyArray<keyof Stamp>;

/** The stamp for this wish. There must be a key. */
export function stampFor({ plan, field, asked }: Wish, { by, at }: Who, keys: readonly SealKey[]): Stamp {
  const { key, mac } = sealWish({ v: 1, plan, field, wish: contentOf(asked), by, at }, keys);
  return { by, at, key, mac };
}

/** Whether the stamp on this wish is the webhook's, made for it. */
export function isStamped({ plan, field, asked }: Wish, keys: readonly SealKey[]): boolean {
  const { by, at, key, mac } = asked;
  if (by === undefined || at === undefined || key === undefined) return false;
  // Admission comes before the schema: anything may stand there.
  if (typeof mac !== "string") return false;
  return isSealedWish({ v: 1, plan, field, wish: contentOf(asked), by, at, key, mac }, keys);
}

/** Whether two wishes ask for the same, whoever asks. */
export const asksTheSame = (a: Asked, b: Asked): boolean => JSON.stringify(contentOf(a)) === JSON.stringify(contentOf(b));

/** What is asked, without who and when. Not `full` is the same as no `full`: the API server fills in the default. */
const contentOf = (asked: Asked) => ({
  ...(asked["full"] === true ? { full: true } : {}),
  ...(asked["step"] === undefined ? {} : { step: asked["step"] }),
});

/**
 * Who asked, when the stamp is genuine. `missing`: there is none. `forged`: it is not the webhook's for this wish. `unread`: it is signed with a key that
 * is not known yet. `stale`: it was genuine, and the wish was taken back since, or is heard for the first time long after it was made.
 */
export type Standing = Who | "missing" | "forged" | "unread" | "stale";
export type Standings = { [F in Field]?: Standing };

/** A stamp that is copied back into a plan while the webhook is down must be one that the worker remembers, or one that is too old. */
export const stampLastsMs = 600_000;

/** Wishes that take a risk for others. Hold and abort make things safer, so they count whoever asks. */
export const needStamp: ReadonlySet<Field> = new Set(["approve", "promote", "retry"]);

interface StampedPlan {
  metadata: { uid?: string };
  spec: { control: Control };
  status?: Pick<PlanStatus, "stamps">;
}

/** Whose each wish of this plan is. `now` in milliseconds since the epoch. */
export function standingsOf({ metadata, spec, status }: StampedPlan, keys: readonly SealKey[], now: number): Standings {
  const found: Standings = {};
  for (const field of fields) {
    const asked = spec.control[field] as Asked | undefined;
    if (asked === undefined) continue;
    const standing = standingOf({ plan: metadata.uid ?? "", field, asked }, keys, now);
    found[field] = typeof standing === "object" && isStale(field, asked, status?.stamps ?? [], now) ? "stale" : standing;
  }
  return found;
}

function isStale(field: Field, { mac, at }: Asked, heard: NonNullable<PlanStatus["stamps"]>, now: number): boolean {
  if (!needStamp.has(field)) return false;
  const known = heard.find((one) => one.mac === mac);
  return known === undefined ? now - Date.parse(at ?? "") > stampLastsMs : known.takenBack === true;
}

function standingOf(wish: Wish, keys: readonly SealKey[], now: number): Standing {
  const { by, at, key } = wish.asked;
  if (stampParts.every((part) => wish.asked[part] === undefined)) return "missing";
  if (by !== undefined && at !== undefined && isStamped(wish, keys)) return { by, at };
  return isUnread(key, at, keys, now) ? "unread" : "forged";
}

/** Only hold and abort count without a stamp: they make things safer. */
export const whoAsked = (standing: Standing | undefined): string =>
  typeof standing === "object" ? standing.by : "unknown (no stamp of Serin's webhook)";
