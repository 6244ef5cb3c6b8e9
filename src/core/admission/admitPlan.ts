import type { PlanSpec } from "../../api/plan.ts";
import { type Admission, allowed, denied, patched } from "./admission.ts";
import { type Asking, requestOf } from "./deploymentReview.ts";
import { type JsonPatchOperation, jsonPointer } from "./jsonPatch.ts";
import { silent } from "./reasons.ts";
import { others, refused } from "./words.ts";
import type { World } from "./world.ts";

type Control = PlanSpec["control"];
type Field = keyof Control;
type Asked = { by?: string; at?: string; [field: string]: unknown };

const fields = ["hold", "approve", "promote", "abort", "retry"] as const satisfies readonly Field[];

/** A stamp as young as this may be our own, of the same write. kube-apiserver gives up on a write after 60 s. */
const longestAdmissionMs = 60_000;

export interface PlanReview {
  asking: Asking;
  object: ReviewedPlan;
  oldObject: ReviewedPlan;
}
export interface ReviewedPlan {
  metadata: { name: string };
  spec: { control?: { [F in Field]?: Asked } };
}

/**
 * A person writes into `spec.control` what he wants of a plan. The webhook adds who and when, because only it knows; nobody writes that himself,
 * neither for himself nor for another. All else is left to the schema.
 */
export function admitPlan({ asking, object, oldObject }: PlanReview, world: World): Admission {
  if (asking.operation !== "UPDATE") return allowed(silent("NotForUs"));
  if (asking.user === world.workerUser) return allowed(silent("WorkerWrite"));
  const stamp = { by: requestOf(asking, world.now).user, at: world.now };
  const stamped: Field[] = [];
  const operations: JsonPatchOperation[] = [];
  for (const field of fields) {
    const [before, after] = [oldObject.spec.control?.[field], object.spec.control?.[field]];
    if (after === undefined || after === null) continue;
    const wanted = before && saysTheSame(before, after) ? { by: before.by, at: before.at } : stamp;
    if (isForged(after, wanted)) return denied(refused.stamp(field), { plan: object.metadata.name });
    const stamping = stampOperations(field, after, wanted);
    if (stamping.length > 0) stamped.push(field);
    operations.push(...stamping);
  }
  if (operations.length === 0) return allowed(silent("NothingAsked"));
  return patched("Stamped", others.stamped(stamp.by, stamped), operations, { plan: object.metadata.name });
}

const saysTheSame = (a: Asked, b: Asked): boolean => a["full"] === b["full"] && a["step"] === b["step"];

type Stamp = { by?: string | undefined; at?: string | undefined };

/** A stamp that is neither the one that was there nor one that we could have made in this very write. */
function isForged({ by, at }: Asked, wanted: Stamp): boolean {
  if (by === undefined && at === undefined) return false;
  if (by !== undefined && by !== wanted.by) return true;
  return at !== undefined && at !== wanted.at && !isAsOld(at, wanted.at);
}

const isAsOld = (at: string, now: string | undefined): boolean =>
  now !== undefined && Math.abs(Date.parse(now) - Date.parse(at)) <= longestAdmissionMs;

/** A stamp that is there already stays, also when it is a moment older than one made now: it is ours, of the same write. */
function stampOperations(field: Field, after: Asked, wanted: Stamp): JsonPatchOperation[] {
  return (["by", "at"] as const).flatMap((part): JsonPatchOperation[] => {
    const value = wanted[part];
    if (after[part] !== undefined || value === undefined) return [];
    return [{ op: "add", path: jsonPointer("spec", "control", field, part), value }];
  });
}
