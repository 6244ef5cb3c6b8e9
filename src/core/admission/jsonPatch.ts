/** The only operations that admission uses: no `test` (one that misses fails the request even with failurePolicy Ignore); into lists only `add`. */
export type JsonPatchOperation = { op: "add" | "replace"; path: string; value: unknown } | { op: "remove"; path: string };

/** A JSON pointer (RFC 6901) from unescaped segments: `~` and `/` occur in annotation keys. */
export const jsonPointer = (...segments: string[]): string =>
  segments.map((segment) => `/${segment.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

/** What admission wants to see on a Deployment, beside what the user wrote. Marks that are not named stay as they are. */
export interface WantedMarks {
  /** false: absent. */
  paused?: boolean;
  /** undefined: absent. */
  annotations: Readonly<Record<string, string | undefined>>;
}

interface Marked {
  metadata: { annotations?: Record<string, string> };
  spec: { paused?: boolean };
}

/** The operations that give the object these marks; none when it has them already. */
export function markOperations(object: Marked, wanted: WantedMarks): JsonPatchOperation[] {
  return [...pauseOperations(object, wanted.paused), ...annotationOperations(object.metadata.annotations, wanted.annotations)];
}

function pauseOperations(object: Marked, paused: boolean | undefined): JsonPatchOperation[] {
  const isPaused = object.spec.paused === true;
  if (paused === undefined || paused === isPaused) return [];
  const path = jsonPointer("spec", "paused");
  return paused ? [{ op: "add", path, value: true }] : [{ op: "remove", path }];
}

function annotationOperations(present: Record<string, string> | undefined, wanted: WantedMarks["annotations"]): JsonPatchOperation[] {
  const entries = Object.entries(wanted);
  const operations = entries.flatMap(([key, value]): JsonPatchOperation[] => {
    const now = present && Object.hasOwn(present, key) ? present[key] : undefined;
    if (value === now) return [];
    const path = jsonPointer("metadata", "annotations", key);
    return value === undefined ? [{ op: "remove", path }] : [{ op: "add", path, value }];
  });
  // A replaced object may have no annotations at all, and `add` needs its parent.
  const needsParent = !present && operations.length > 0;
  return needsParent ? [{ op: "add", path: jsonPointer("metadata", "annotations"), value: {} }, ...operations] : operations;
}
