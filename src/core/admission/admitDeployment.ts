import { annotations } from "../../api/names.ts";
import { type Admission, allowed } from "./admission.ts";
import { admissionCase, annotationOf } from "./admissionCase.ts";
import { admitHeld } from "./admitHeld.ts";
import { admitUnheld } from "./admitUnheld.ts";
import type { DeploymentReview } from "./deploymentReview.ts";
import { isSystemNamespace } from "./policyFor.ts";
import { type ReasonCode, silent } from "./reasons.ts";
import type { World } from "./world.ts";

/**
 * What happens to one write of a Deployment (the table of design §5). Pure: the same review and world give the same answer, a dry-run gets it too,
 * and asking again with the patched object changes nothing.
 *
 *   not for us ─▶ untouched
 *   the stored object is held by us (paused + genuine intent) ─▶ admitHeld: approve, stay held, cancel, supersede
 *   otherwise ─▶ admitUnheld: hold, the user's own pause, bypass, untouched
 */
export function admitDeployment(review: DeploymentReview, world: World): Admission {
  const nothing = whyNothing(review, world);
  if (nothing) return allowed(silent(nothing));
  const c = admissionCase(review, world);
  return c.heldBy ? admitHeld(c, c.heldBy) : admitUnheld(c);
}

/** Ordered: each makes the ones below it meaningless. */
function whyNothing({ asking, object, oldObject }: DeploymentReview, world: World): ReasonCode | undefined {
  if (asking.operation !== "UPDATE" || isSystemNamespace(asking.namespace, world.ownNamespace)) return "NotForUs";
  if (asking.user === world.workerUser) return "WorkerWrite";
  if (object.metadata.deletionTimestamp !== undefined || oldObject.metadata.deletionTimestamp !== undefined) return "BeingDeleted";
  // Without a key no intent can be told from a forged one, and a hold must not be taken for an exported manifest.
  if (world.keys.length === 0 && annotationOf(oldObject, annotations.intent) !== undefined) return "NoKeys";
  return undefined;
}
