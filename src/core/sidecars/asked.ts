import { istioAnnotations } from "../../api/istioMarks.ts";
import { injectPolicyMarks, istio } from "../../api/names.ts";
import type { SidecarPolicy } from "../../api/sidecarPolicy.ts";
import { type JsonPatchOperation, jsonPointer } from "../admission/jsonPatch.ts";
import { own, type PodLike } from "./pod.ts";

/* What inject.serin.dev (manifests/admission/inject-policy.yaml) has written on a pod before the webhook is asked, and the pod without it. */

const { asked, was } = injectPolicyMarks;
const markLabels: readonly string[] = [istio.inject, istio.revision];
const markAnnotations: ReadonlySet<string> = new Set(Object.keys(istioAnnotations.shape));

/**
 * The pod as whoever makes it wrote it: what policies have asked for is undone, and the record of it is gone. What was asked for by a policy that isn't
 * known here, or is known in an older generation only, stays as if the pod said it: kube-apiserver's cache may be ahead of ours.
 * @returns the same pod when there is no record on it
 */
export function asWritten(pod: PodLike, policies: readonly SidecarPolicy[]): PodLike {
  const { annotations, labels } = pod.metadata;
  const entries = Object.entries(annotations ?? {});
  const isRecord = (key: string): boolean => key.startsWith(asked) || key.startsWith(was);
  if (!entries.some(([key]) => isRecord(key))) return pod;
  const before = {
    labels: new Map(Object.entries(labels ?? {})),
    annotations: new Map(entries.filter(([key]) => !isRecord(key))),
  };
  for (const [mark, text] of entries) {
    if (!mark.startsWith(asked)) continue;
    const name = mark.slice(asked.length);
    const key = name.replace("_", "/");
    const field = markLabels.includes(key) ? before.labels : markAnnotations.has(key) ? before.annotations : undefined;
    if (field === undefined || !isKnown(text, policies)) continue;
    const value = own(annotations, was + name);
    if (value === undefined) field.delete(key);
    else field.set(key, value);
  }
  return { ...pod, metadata: { ...pod.metadata, labels: recordOf(before.labels), annotations: recordOf(before.annotations) } };
}

/** `<rank> <policy> <generation> …`: whether we know that policy as it was then, or later. */
function isKnown(text: string, policies: readonly SidecarPolicy[]): boolean {
  const [, name, generation] = text.split(" ");
  return policies.some(({ metadata }) => metadata.name === name && (metadata.generation ?? 0) >= Number(generation));
}

/** Keys are the users': `__proto__` is a member like any other. */
const recordOf = (map: ReadonlyMap<string, string>): Record<string, string> => Object.fromEntries(map);

/** The operations that turn the labels and annotations of one pod into those of the other. */
export function markOperations(from: PodLike, to: PodLike): JsonPatchOperation[] {
  return (["labels", "annotations"] as const).flatMap((field) => {
    const present = from.metadata[field];
    const wanted = to.metadata[field];
    const path = (key: string): string => jsonPointer("metadata", field, key);
    const removed = Object.keys(present ?? {}).filter((key) => own(wanted, key) === undefined);
    const set = Object.entries(wanted ?? {}).filter(([key, value]) => own(present, key) !== value);
    return [
      ...(set.length > 0 && !present ? [{ op: "add" as const, path: jsonPointer("metadata", field), value: {} }] : []),
      ...removed.map((key) => ({ op: "remove" as const, path: path(key) })),
      ...set.map(([key, value]) => ({ op: "add" as const, path: path(key), value })),
    ];
  });
}
