import { type Admission, allowed, denied, patched } from "./admission.ts";
import { type Asking, requestOf } from "./deploymentReview.ts";
import { type JsonPatchOperation, jsonPointer } from "./jsonPatch.ts";
import { silent } from "./reasons.ts";
import {
  type Asked,
  asksTheSame,
  type Field,
  fields,
  isStamped,
  type StampParts,
  stampFor,
  stampParts,
  type Who,
  type Wish,
} from "./stamp.ts";
import { others, refused } from "./words.ts";
import type { World } from "./world.ts";

/** A stamp as young as this may be our own, of the same write. kube-apiserver gives up on a write after 60 s. */
const longestAdmissionMs = 60_000;

export interface PlanReview {
  asking: Asking;
  object: ReviewedPlan;
  oldObject: ReviewedPlan;
}
export interface ReviewedPlan {
  metadata: { name: string; uid?: string };
  spec: { control?: { [F in Field]?: Asked } };
}

/**
 * A person writes into `spec.control` what he wants of a plan. The webhook adds who and when, signed, because only it knows; nobody writes that himself,
 * neither for himself nor for another. All else is left to the schema.
 */
export function admitPlan({ asking, object, oldObject }: PlanReview, world: World): Admission {
  if (asking.operation !== "UPDATE") return allowed(silent("NotForUs"));
  if (asking.user === world.workerUser) return allowed(silent("WorkerWrite"));
  // A stamp of a write that never was could be kept, and written when the webhook is down.
  const keys = { known: world.keys, signing: asking.dryRun ? [] : world.keys };
  const who = { by: requestOf(asking, world.now).user, at: world.now };
  const stamped: Field[] = [];
  const operations: JsonPatchOperation[] = [];
  for (const field of fields) {
    const [before, after] = [oldObject.spec.control?.[field] ?? undefined, object.spec.control?.[field] ?? undefined];
    if (after === undefined) continue;
    const stamp = stampOn({ plan: oldObject.metadata.uid ?? "", field, asked: after }, before, who, keys);
    if (stamp === "forged") return denied(refused.stamp(field), { plan: object.metadata.name });
    if (stamp.length > 0) stamped.push(field);
    operations.push(...stamp);
  }
  if (operations.length === 0) return allowed(silent("NothingAsked"));
  return patched("Stamped", others.stamped(who.by, stamped), operations, { plan: object.metadata.name });
}

type Keys = Record<"known" | "signing", World["keys"]>;

/** What is to be added to a wish: nothing new without a key to sign with. */
function stampOn(wish: Wish, before: Asked | undefined, who: Who, { known, signing }: Keys): JsonPatchOperation[] | "forged" {
  const { asked: after, plan, field } = wish;
  if (before && asksTheSame(before, after)) {
    // A wish that this write is not about: one without a genuine stamp was written past us, and this user may not know of it.
    if (stampParts.every((part) => before[part] === after[part])) return [];
    if (isStamped({ plan, field, asked: before }, known)) return missingOf(field, before, after);
  }
  if (stampParts.some((part) => after[part] !== undefined)) return isOurs(wish, who, known) ? [] : "forged";
  return signing.length === 0 ? [] : missingOf(field, stampFor(wish, who, signing), after);
}

/** A stamp that is there already stays, also when it is a moment older than one made now: it is ours, of the same write. */
function isOurs(wish: Wish, { by, at }: Who, keys: World["keys"]): boolean {
  const { asked } = wish;
  return asked.by === by && Math.abs(Date.parse(at) - Date.parse(asked.at ?? "")) <= longestAdmissionMs && isStamped(wish, keys);
}

function missingOf(field: Field, wanted: StampParts, after: StampParts): JsonPatchOperation[] | "forged" {
  const operations: JsonPatchOperation[] = [];
  for (const part of stampParts) {
    if (after[part] === undefined) operations.push({ op: "add", path: jsonPointer("spec", "control", field, part), value: wanted[part] });
    else if (after[part] !== wanted[part]) return "forged";
  }
  return operations;
}
