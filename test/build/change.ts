/**
 * Builders make a whole, valid object and then apply changes, in order: `aPlan(atStep(2), withWeight(60))`. A change edits a draft in
 * place; the draft is a fresh one each time, so objects of different calls share nothing.
 */
export type Change<T> = (draft: T) => void;

export function built<T>(draft: T, changes: ReadonlyArray<Change<T>>): T {
  for (const change of changes) change(draft);
  return draft;
}

interface Named {
  metadata: { name?: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string>; uid?: string };
}

export const named =
  (name: string): Change<Named> =>
  ({ metadata }) => {
    metadata.name = name;
  };

export const inNamespace =
  (namespace: string): Change<Named> =>
  ({ metadata }) => {
    metadata.namespace = namespace;
  };

export const withUid =
  (uid: string): Change<Named> =>
  ({ metadata }) => {
    metadata.uid = uid;
  };

export const labelled =
  (labels: Record<string, string>): Change<Named> =>
  ({ metadata }) => {
    metadata.labels = { ...metadata.labels, ...labels };
  };

export const annotated =
  (annotations: Record<string, string>): Change<Named> =>
  ({ metadata }) => {
    metadata.annotations = { ...metadata.annotations, ...annotations };
  };

/** When the object was made: seconds of the story, see `story.ts`. */
export const createdAt =
  (time: string): Change<{ metadata: { creationTimestamp?: string } }> =>
  ({ metadata }) => {
    metadata.creationTimestamp = time;
  };
