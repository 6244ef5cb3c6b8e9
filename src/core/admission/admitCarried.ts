import { annotations } from "../../api/names.ts";
import { type Admission, patched } from "./admission.ts";
import type { Asking } from "./deploymentReview.ts";
import { type JsonPatchOperation, jsonPointer } from "./jsonPatch.ts";
import { silent } from "./reasons.ts";
import type { World } from "./world.ts";

/** A change of a team's object: members of spec and annotations, each whole; null removes. */
export interface Change {
  spec?: Record<string, unknown>;
  annotations?: Record<string, string | null>;
}

interface Carrier {
  metadata?: { annotations?: Record<string, string> };
  spec: object;
}

/** Nothing else of a team's object is ever the worker's to change. */
const members = new Set(["http", "tls", "tcp", "paused", "template"]);

/**
 * The API server enters the writer of a field as its owner *before* admission, and asks nobody about what admission changes. So the worker sends its
 * change in an annotation and the webhook carries it out: the fields stay with whom they belong to, in every stored revision. The annotation
 * itself is never stored. Undefined: this is no such request.
 */
export function admitCarried({ user }: Asking, object: Carrier, oldObject: Carrier, world: World): Admission | undefined {
  const text = object.metadata?.annotations?.[annotations.carried];
  if (text === undefined || user !== world.workerUser) return undefined;
  // One that is stored already came past the webhook, from anybody: it is no word of the worker's.
  const change = text === oldObject.metadata?.annotations?.[annotations.carried] ? {} : (JSON.parse(text) as Change);
  const operations = [
    ...specOperations(object.spec as Record<string, unknown>, change),
    ...annotationOperations(object.metadata?.annotations ?? {}, change),
  ];
  return patched("Carried", silent("Carried"), operations);
}

function specOperations(spec: Record<string, unknown>, { spec: wanted = {} }: Change): JsonPatchOperation[] {
  return Object.entries(wanted).flatMap(([key, value]): JsonPatchOperation[] => {
    const path = jsonPointer("spec", key);
    if (!members.has(key)) return [];
    if (value !== null) return [{ op: "add", path, value }];
    return Object.hasOwn(spec, key) ? [{ op: "remove", path }] : [];
  });
}

function annotationOperations(present: Record<string, string>, { annotations: wanted = {} }: Change): JsonPatchOperation[] {
  return Object.entries({ ...wanted, [annotations.carried]: null }).flatMap(([key, value]): JsonPatchOperation[] => {
    const path = jsonPointer("metadata", "annotations", key);
    if (value !== null) return [{ op: "add", path, value }];
    return Object.hasOwn(present, key) ? [{ op: "remove", path }] : [];
  });
}
