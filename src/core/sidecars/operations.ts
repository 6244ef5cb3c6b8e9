import { type JsonPatchOperation, jsonPointer } from "../admission/jsonPatch.ts";
import { applied, placeOfNative, placeOfPlain, type VariableFix } from "./applied.ts";
import type { Fix } from "./demand.ts";
import type { PodLike } from "./pod.ts";

/** The operations that turn the pod into `applied(pod, fixes, added)`, by hand: each knows its place, and nothing is compared. */
export function podOperations(pod: PodLike, fixes: readonly Fix[], added: ReadonlySet<string>): JsonPatchOperation[] {
  let present = pod;
  const operations: JsonPatchOperation[] = [];
  for (const fix of fixes) {
    if (fix.kind === "variable") continue;
    operations.push(...operationsOf(present, fix, added));
    present = applied(present, [fix], added);
  }
  const variables = fixes.filter((fix) => fix.kind === "variable");
  // Not `push(...)`: there may be more of them than a call takes arguments.
  return operations.concat(variableOperations(present, variables));
}

/** At the end, when every container has its place, and each container is looked for once. */
function variableOperations({ spec: { containers } }: PodLike, fixes: readonly VariableFix[]): JsonPatchOperation[] {
  if (fixes.length === 0) return [];
  const places = new Map<string, number>();
  for (const [at, { name }] of containers.entries()) if (!places.has(name)) places.set(name, at);
  const begun = new Set<number>();
  return fixes.flatMap(({ container, variable }) => {
    const at = places.get(container) ?? -1;
    const list = begun.has(at) ? [] : containers[at]?.env;
    begun.add(at);
    return intoList(list, variable, "-", "spec", "containers", at, "env");
  });
}

const add = (value: unknown, ...path: Array<string | number>): JsonPatchOperation => ({
  op: "add",
  path: jsonPointer(...path.map(String)),
  value,
});

/** `add` needs its parent, which may be absent. */
function operationsOf({ metadata, spec }: PodLike, fix: Exclude<Fix, VariableFix>, added: ReadonlySet<string>): JsonPatchOperation[] {
  switch (fix.kind) {
    case "label":
    case "annotation": {
      const [present, field] = fix.kind === "label" ? [metadata.labels, "labels"] : [metadata.annotations, "annotations"];
      return present === undefined || present === null
        ? [add({ [fix.key]: fix.value }, "metadata", field)]
        : [add(fix.value, "metadata", field, fix.key)];
    }
    case "volume":
      return intoList(spec.volumes, fix.volume, "-", "spec", "volumes");
    case "container": {
      if (!fix.isNative) return [add(fix.container, "spec", "containers", placeOfPlain(spec.containers))];
      return intoList(spec.initContainers, fix.container, placeOfNative(spec.initContainers ?? [], added), "spec", "initContainers");
    }
  }
}

function intoList(
  list: readonly unknown[] | null | undefined,
  item: unknown,
  at: number | "-",
  ...path: Array<string | number>
): JsonPatchOperation[] {
  return list === undefined || list === null ? [add([item], ...path)] : [add(item, ...path, at)];
}
