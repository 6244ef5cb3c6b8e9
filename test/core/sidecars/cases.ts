import type { SidecarPolicy } from "../../../src/api/sidecarPolicy.ts";
import type { Demand } from "../../../src/core/sidecars/demand.ts";
import { demandsOn } from "../../../src/core/sidecars/demandsOn.ts";
import { type PodCase, type PodLike, podCase } from "../../../src/core/sidecars/pod.ts";

/** Pods as kube-apiserver shows them to a webhook: of a ReplicaSet, with a generated name that is not known yet. */

export type PodChange = (pod: Mutable<PodLike>) => void;
type Mutable<T> =
  T extends ReadonlyArray<infer I>
    ? Mutable<I>[]
    : T extends (...args: never) => unknown
      ? T
      : T extends object
        ? { -readonly [K in keyof T]: Mutable<T[K]> }
        : T;

export function pod(...changes: PodChange[]): PodLike {
  const draft: Mutable<PodLike> = {
    metadata: {
      generateName: "web-7d9f8b5c4d-",
      labels: { app: "web", "pod-template-hash": "7d9f8b5c4d" },
      ownerReferences: [{ kind: "ReplicaSet", name: "web-7d9f8b5c4d", controller: true }],
    },
    spec: {
      restartPolicy: "Always",
      containers: [
        {
          name: "web",
          image: "web:1",
          volumeMounts: [{ name: "kube-api-access-x7k2m", mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" }],
        },
      ],
      volumes: [{ name: "kube-api-access-x7k2m", projected: { sources: [] } }],
    },
  };
  for (const change of changes) change(draft);
  return draft as PodLike;
}

export const label =
  (key: string, value: string): PodChange =>
  ({ metadata }) => {
    metadata.labels = { ...metadata.labels, [key]: value };
  };
export const annotation =
  (key: string, value: string): PodChange =>
  ({ metadata }) => {
    metadata.annotations = { ...metadata.annotations, [key]: value };
  };
export const ofSpec =
  (fields: Partial<PodLike["spec"]>): PodChange =>
  ({ spec }) =>
    void Object.assign(spec, fields);
export const container =
  (name: string, fields: Record<string, unknown> = {}): PodChange =>
  ({ spec }) =>
    void spec.containers.push({ name, image: `${name}:1`, ...fields });
export const initContainer =
  (name: string, fields: Record<string, unknown> = {}): PodChange =>
  ({ spec }) => {
    spec.initContainers = [...(spec.initContainers ?? []), { name, image: `${name}:1`, ...fields }];
  };
export const going =
  (at: string): PodChange =>
  ({ metadata }) => {
    metadata.deletionTimestamp = at;
  };
/** As the API server keeps it, made at this time. */
export const madeAt =
  (time: string): PodChange =>
  ({ metadata }) => {
    metadata.name = "web-7d9f8b5c4d-4x2bc";
    metadata.creationTimestamp = time;
  };

export const beingMade = (made: PodLike, about: Partial<Parameters<typeof podCase>[1]> = {}): PodCase =>
  podCase(made, { namespace: "shop", known: { "kubernetes.io/metadata.name": "shop" }, role: "Stable", stage: "Admission", ...about });
export const stored = (made: PodLike, about: Partial<Parameters<typeof podCase>[1]> = {}): PodCase =>
  beingMade(made, { stage: "Stored", ...about });

export const asked = (c: PodCase, ...policies: SidecarPolicy[]): Demand[] => demandsOn(c, policies, "serin-system");

/** `reason: message` of everything that is lacking. */
export const lacking = (demands: readonly Demand[]): string[] =>
  demands.flatMap(({ lacks }) => lacks.map(({ reason, message }) => `${reason}: ${message}`));
