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
  return fixes.reduce((sofar, fix) => withFix(sofar, fix, added), pod);
}

function withFix(pod: PodLike, fix: Fix, added: ReadonlySet<string>): PodLike {
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
    case "variable": {
      const containers = spec.containers.map((container) =>
        container.name === fix.container ? { ...container, env: [...(container.env ?? []), fix.variable] } : container,
      );
      return { ...pod, spec: { ...spec, containers } };
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
