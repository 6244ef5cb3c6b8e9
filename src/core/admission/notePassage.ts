import { annotations } from "../../api/names.ts";
import type { Passage } from "../../api/passage.ts";
import type { Request } from "../../api/plan.ts";
import type { CanaryPolicy } from "../../api/policy.ts";
import { imagesOf } from "../../api/template.ts";
import { type AdmissionCase, annotationOf } from "./admissionCase.ts";
import { requestOf } from "./deploymentReview.ts";
import { fits, isOfAdmission } from "./holdMarks.ts";
import type { Live } from "./live.ts";
import { recordedRequests } from "./plansOfDeployment.ts";
import type { Words } from "./reasons.ts";
import { annotationText, openPassage, readPassage, sealPassage } from "./seal.ts";

/** The generation that a Deployment has with the change that is being admitted (kubernetes:pkg/registry/apps/deployment/strategy.go, PrepareForUpdate). */
export const nextGeneration = ({ oldObject: { metadata } }: AdmissionCase): number => (metadata.generation ?? 0) + 1;

/**
 * Who asks for which change that is let through, for the record that the worker makes of it. Undefined without a key, and where the user's own
 * annotations leave no room: then the record says what and when, and kube-apiserver's log who. And in a dry run, whose answer anybody can write back:
 * what never was must not get a record.
 */
export function notePassage(c: AdmissionCase, live: Live, { metadata }: CanaryPolicy, { reason, message }: Words): string | undefined {
  const { object, oldObject, world, digests, asking } = c;
  if (world.keys.length === 0 || asking.dryRun) return undefined;
  const content = {
    v: 1 as const,
    uid: oldObject.metadata.uid ?? "",
    generation: nextGeneration(c),
    policy: { name: metadata.name, uid: metadata.uid ?? "", generation: metadata.generation ?? 0 },
    before: { digest: live.digest(), images: [...live.images.values()] },
    asked: { digest: digests.asked, images: imagesOf(object.spec.template) },
    reason,
    message,
    request: ownRequest(c) ?? requestOf(asking, world.now),
  };
  const before = overlooked(c);
  // The latest of the earlier ones come first; each may have as many groups as an identity provider gives.
  for (let left = before.length; left >= 0; left -= 1) {
    const full = left === 0 ? content : { ...content, overwritten: before.slice(-left) };
    if (fits(c, full, annotations.passage)) return annotationText(sealPassage(full, world.keys));
  }
  return undefined;
}

/** Of this same admission, when kube-apiserver asks again because another webhook changed the object: the answer stays the same (`holdMarks.ts`). */
function ownRequest(c: AdmissionCase): Request | undefined {
  const { object, oldObject, world } = c;
  const text = annotationOf(object, annotations.passage);
  if (text === undefined || text === annotationOf(oldObject, annotations.passage)) return undefined;
  const note = openPassage(text, oldObject.metadata.uid, world.keys);
  return note?.generation === nextGeneration(c) && isOfAdmission(note.request, c) ? note.request : undefined;
}

/**
 * The note on the stored object, as long as no record says the same: a worker that runs is about to make it, or the next one will. `unread`: its key is
 * not known yet.
 */
export function pendingNote({ oldObject, world }: AdmissionCase): { text: string; note: Passage | "unread" } | undefined {
  const text = annotationOf(oldObject, annotations.passage);
  if (text === undefined) return undefined;
  const note = readPassage(text, oldObject.metadata.uid, world.keys, Date.parse(world.now));
  if (note === undefined) return undefined;
  const isRecorded = note !== "unread" && recordedRequests(world.plansOf(note.uid)).has(note.request.uid);
  return isRecorded ? undefined : { text, note };
}

/** Requests that were let through and that nobody has put on record; the next note, or the next plan, carries them on. Ten at most, oldest first. */
export function overlooked(c: AdmissionCase): Request[] {
  const note = pendingNote(c)?.note;
  if (note === undefined || note === "unread") return [];
  const recorded = recordedRequests(c.world.plansOf(note.uid));
  return [...(note.overwritten ?? []), note.request].filter(({ uid }) => !recorded.has(uid)).slice(-10);
}
