import { type JsonPatchOperation, jsonPointer } from "../admission/jsonPatch.ts";
import { applied, placeOfNative, placeOfPlain } from "./applied.ts";
import type { Fix } from "./demand.ts";
import type { PodLike } from "./pod.ts";

/** The operations that turn the pod into `applied(pod, fixes, added)`, by hand: each knows its place, and nothing is compared. */
export function podOperations(pod: PodLike, fixes: readonly Fix[], added: ReadonlySet<string>): JsonPatchOperation[] {
  let present = pod;
  return fixes.flatMap((fix) => {
    const operations = operationsOf(present, fix, added);
    present = applied(present, [fix], added);
    return operations;
  });
}

const add = (value: unknown, ...path: Array<string | number>): JsonPatchOperation => ({
  op: "add",
  path: jsonPointer(...path.map(String)),
  value,
});

/** `add` needs its parent, which may be absent. */
function operationsOf({ metadata, spec }: PodLike, fix: Fix, added: ReadonlySet<string>): JsonPatchOperation[] {
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
    case "variable": {
      const at = spec.containers.findIndex(({ name }) => name === fix.container);
      return intoList(spec.containers[at]?.env, fix.variable, "-", "spec", "containers", at, "env");
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
