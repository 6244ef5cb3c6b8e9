import { annotations } from "../../api/names.ts";
import type { Passage } from "../../api/passage.ts";
import type { Request } from "../../api/plan.ts";
import type { CanaryPolicy } from "../../api/policy.ts";
import { imagesOf } from "../../api/template.ts";
import { type AdmissionCase, annotationOf } from "./admissionCase.ts";
import { requestOf } from "./deploymentReview.ts";
import { fits, isOfAdmission } from "./holdMarks.ts";
import { recordedRequests } from "./plansOfDeployment.ts";
import type { Words } from "./reasons.ts";
import { annotationText, openPassage, sealPassage } from "./seal.ts";

/** The generation that a Deployment has with the change that is being admitted (kubernetes:pkg/registry/apps/deployment/strategy.go, PrepareForUpdate). */
export const nextGeneration = ({ oldObject: { metadata } }: AdmissionCase): number => (metadata.generation ?? 0) + 1;

/**
 * Who asks for which change that is let through, for the record that the worker makes of it. Undefined without a key, and where the user's own
 * annotations leave no room: then the record says what and when, and kube-apiserver's log who.
 */
export function notePassage(c: AdmissionCase, { metadata }: CanaryPolicy, { reason, message }: Words): string | undefined {
  const { object, oldObject, world, digests } = c;
  if (world.keys.length === 0) return undefined;
  const overwritten = overlooked(c);
  const content = {
    v: 1 as const,
    uid: oldObject.metadata.uid ?? "",
    generation: nextGeneration(c),
    policy: { name: metadata.name, generation: metadata.generation ?? 0 },
    before: { digest: digests.old, images: imagesOf(oldObject.spec.template) },
    asked: { digest: digests.asked, images: imagesOf(object.spec.template) },
    reason,
    message,
    request: ownRequest(c) ?? requestOf(c.asking, world.now),
    ...(overwritten.length > 0 ? { overwritten } : {}),
  };
  return fits(c, content, annotations.passage) ? annotationText(sealPassage(content, world.keys)) : undefined;
}

/** Of this same admission, when kube-apiserver asks again because another webhook changed the object: the answer stays the same (`holdMarks.ts`). */
function ownRequest(c: AdmissionCase): Request | undefined {
  const { object, oldObject, world } = c;
  const text = annotationOf(object, annotations.passage);
  if (text === undefined || text === annotationOf(oldObject, annotations.passage)) return undefined;
  const note = openPassage(text, oldObject.metadata.uid, world.keys);
  return note?.generation === nextGeneration(c) && isOfAdmission(note.request, c) ? note.request : undefined;
}

/** The note on the stored object, as long as no record says the same: a worker that runs is about to make it, or the next one will. */
export function pendingNote({ oldObject, world }: AdmissionCase): { text: string; note: Passage } | undefined {
  const text = annotationOf(oldObject, annotations.passage);
  const note = openPassage(text, oldObject.metadata.uid, world.keys);
  if (text === undefined || !note) return undefined;
  return recordedRequests(world.plansOf(note.uid)).has(note.request.uid) ? undefined : { text, note };
}

/** Requests that were let through and that nobody has put on record; the next note, or the next plan, carries them on. Ten at most, oldest first. */
export function overlooked(c: AdmissionCase): Request[] {
  const { note } = pendingNote(c) ?? {};
  if (!note) return [];
  const recorded = recordedRequests(c.world.plansOf(note.uid));
  return [...(note.overwritten ?? []), note.request].filter(({ uid }) => !recorded.has(uid)).slice(-10);
}
