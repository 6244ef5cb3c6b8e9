import { annotations, istio, mirrorPod } from "../../api/names.ts";
import type { SidecarPolicy } from "../../api/sidecarPolicy.ts";
import { othersChange } from "./build.ts";
import { requestsAndLimits } from "./istioPart.ts";
import type { PodContainer, PodLike } from "./pod.ts";

/*
 * What of a pod its demands depend on, so that a cache of thousands need not hold more: some 1 KiB instead of 10. The values of variables are
 * left out, but of those that a policy itself sets in a container of that name.
 */

/** `container tracer`, `volume traces`, `variable TRACE`, `annotation sidecar.istio.io/inject`: the names that policies speak of. */
export type LookedAt = ReadonlySet<string>;

const always = [
  `container ${istio.containers[0]}`,
  ...[annotations.sidecars, mirrorPod, istio.inject, istio.proxyConfig, ...requestsAndLimits.flat()].map((key) => `annotation ${key}`),
];

export function lookedAt(policies: readonly SidecarPolicy[]): LookedAt {
  const names = policies.flatMap(({ spec }) => [
    ...(spec.containers ?? []).flatMap((container) => [
      `container ${container.name}`,
      ...(container.env ?? []).map(({ name }) => `variable ${name}`),
      ...(container.volumeMounts ?? []).map(({ name }) => `volume ${name}`),
    ]),
    ...(spec.env ?? []).map(({ name }) => `variable ${name}`),
    ...(spec.volumes ?? []).map(({ name }) => `volume ${name}`),
    ...Object.keys(spec.istio?.annotations ?? {}).map((key) => `annotation ${key}`),
  ]);
  return new Set([...always, ...names]);
}

/** Whether pods that were cut down for one set of names do for another. */
export const covers = (kept: LookedAt, wanted: LookedAt): boolean => [...wanted].every((name) => kept.has(name));

/** The pod with what `demandsOn` looks at once it is stored, and nothing else. How to put it right is not to be asked of it: that takes a whole pod. */
export function cutDown({ metadata, spec, status }: PodLike, looked: LookedAt): PodLike {
  const { name, labels, creationTimestamp, deletionTimestamp } = metadata;
  const { hostNetwork, os, restartPolicy } = spec;
  const named = (containers: readonly PodContainer[] = []) => containers.filter((each) => looked.has(`container ${each.name}`));
  const notes = Object.entries(metadata.annotations ?? {}).filter(([key]) => looked.has(`annotation ${key}`));
  return withoutUndefined({
    metadata: withoutUndefined({ name, labels, annotations: Object.fromEntries(notes), creationTimestamp, deletionTimestamp }),
    spec: withoutUndefined({
      containers: spec.containers.map((each) => cutContainer(each, looked)),
      initContainers: named(spec.initContainers).map((each) => cutContainer(each, looked)),
      ephemeralContainers: named(spec.ephemeralContainers).map((each) => cutContainer(each, looked)),
      volumes: (spec.volumes ?? []).filter((volume) => looked.has(`volume ${volume.name}`)),
      restartPolicy,
      hostNetwork,
      os,
    }),
    status: status?.phase === undefined ? undefined : { phase: status.phase },
  }) as PodLike;
}

function cutContainer(container: PodContainer, looked: LookedAt): PodContainer {
  const env = (container.env ?? []).filter((variable) => looked.has(`variable ${variable.name}`));
  if (!looked.has(`container ${container.name}`)) return { name: container.name, env: env.map(({ name }) => ({ name })) };
  return { ...Object.fromEntries(Object.entries(container).filter(([field]) => !othersChange.has(field))), name: container.name, env };
}

const withoutUndefined = (fields: object): object => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
