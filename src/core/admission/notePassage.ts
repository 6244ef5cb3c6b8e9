import { annotations } from "../../api/names.ts";
import type { Request } from "../../api/plan.ts";
import { type AdmissionCase, annotationOf } from "./admissionCase.ts";
import { requestOf } from "./deploymentReview.ts";
import { fits, isOfAdmission } from "./holdMarks.ts";
import type { Words } from "./reasons.ts";
import { annotationText, openPassage, sealPassage } from "./seal.ts";

/** The generation that a Deployment has with the change that is being admitted (kubernetes:pkg/registry/apps/deployment/strategy.go, PrepareForUpdate). */
export const nextGeneration = ({ oldObject: { metadata } }: AdmissionCase): number => (metadata.generation ?? 0) + 1;

/**
 * Who asks for a change that is let through, for the record that the worker makes of it. Undefined without a key, and where the user's own annotations
 * leave no room: then the record says what and when, and kube-apiserver's log who.
 */
export function notePassage(c: AdmissionCase, { reason, message }: Words): string | undefined {
  if (c.world.keys.length === 0) return undefined;
  const content = {
    v: 1 as const,
    uid: c.oldObject.metadata.uid ?? "",
    generation: nextGeneration(c),
    digest: c.digests.asked,
    reason,
    message,
    request: ownRequest(c) ?? requestOf(c.asking, c.world.now),
  };
  return fits(c, content, annotations.passage) ? annotationText(sealPassage(content, c.world.keys)) : undefined;
}

/** Of this same admission, when kube-apiserver asks again because another webhook changed the object: the answer stays the same (`holdMarks.ts`). */
function ownRequest(c: AdmissionCase): Request | undefined {
  const { object, oldObject, world } = c;
  const text = annotationOf(object, annotations.passage);
  if (text === undefined || text === annotationOf(oldObject, annotations.passage)) return undefined;
  const note = openPassage(text, oldObject.metadata.uid, world.keys);
  return note?.generation === nextGeneration(c) && isOfAdmission(note.request, c) ? note.request : undefined;
}
