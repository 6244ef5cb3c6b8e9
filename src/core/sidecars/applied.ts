import { istio } from "../../api/names.ts";
import type { Fix } from "./demand.ts";
import type { PodContainer, PodLike } from "./pod.ts";

/**
 * The pod with these things in it. Where they go is where Istio's injector leaves them, so that it doesn't matter who comes first (`reorderPod`
 * in istio:pkg/kube/inject/webhook.go): a native sidecar after Istio's own init containers and before the pod's, a plain one before a proxy
 * that is last.
 * @param added names of all that policies add; ours stay in the order of the policies
 */
export function applied(pod: PodLike, fixes: readonly Fix[], added: ReadonlySet<string>): PodLike {
  const variables = fixes.filter((fix) => fix.kind === "variable");
  const others = fixes.filter((fix) => fix.kind !== "variable");
  return withVariables(
    others.reduce((sofar, fix) => withFix(sofar, fix, added), pod),
    variables,
  );
}

export type VariableFix = Extract<Fix, { kind: "variable" }>;

/** All in one pass: before the API server has validated a pod it may have forty thousand containers. */
function withVariables(pod: PodLike, fixes: readonly VariableFix[]): PodLike {
  if (fixes.length === 0) return pod;
  const byContainer = Map.groupBy(fixes, ({ container }) => container);
  const containers = pod.spec.containers.map((container) => {
    const more = byContainer.get(container.name)?.map(({ variable }) => variable);
    return more === undefined ? container : { ...container, env: [...(container.env ?? []), ...more] };
  });
  return { ...pod, spec: { ...pod.spec, containers } };
}

function withFix(pod: PodLike, fix: Exclude<Fix, VariableFix>, added: ReadonlySet<string>): PodLike {
  const { metadata, spec } = pod;
  switch (fix.kind) {
    case "label":
      return { ...pod, metadata: { ...metadata, labels: { ...metadata.labels, [fix.key]: fix.value } } };
    case "annotation":
      return { ...pod, metadata: { ...metadata, annotations: { ...metadata.annotations, [fix.key]: fix.value } } };
    case "volume":
      return { ...pod, spec: { ...spec, volumes: [...(spec.volumes ?? []), fix.volume] } };
    case "container": {
      const list = fix.isNative ? "initContainers" : "containers";
      const present = spec[list] ?? [];
      const at = fix.isNative ? placeOfNative(present, added) : placeOfPlain(present);
      return { ...pod, spec: { ...spec, [list]: [...present.slice(0, at), fix.container, ...present.slice(at)] } };
    }
  }
}

const [proxy, , validation] = istio.containers;

/** Without a native proxy, only istio-validation is first; istio-init is last, after the pod's own init containers. */
export function placeOfNative(initContainers: readonly PodContainer[], added: ReadonlySet<string>): number {
  const hasNativeProxy = initContainers.some(({ name }) => name === proxy);
  const isBefore = ({ name }: PodContainer): boolean =>
    added.has(name) || (hasNativeProxy ? (istio.containers as readonly string[]).includes(name) : name === validation);
  const at = initContainers.findIndex((container) => !isBefore(container));
  return at < 0 ? initContainers.length : at;
}

export const placeOfPlain = (containers: readonly PodContainer[]): number =>
  containers.length > 1 && containers.at(-1)?.name === proxy ? containers.length - 1 : containers.length;
