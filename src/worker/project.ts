import { annotations, fieldManager, finalizers, labels, ownMarks, podTemplateHash, revision } from "../api/names.ts";
import { imagesOf, type PodTemplate, templateDigest } from "../api/template.ts";
import { claimsIn, hostPortIn } from "../core/admission/twoVersions.ts";
import { metricsRevision } from "../core/analysis/builtin/canaryRevision.ts";
import type { DeploymentFacts, PodFacts, ReplicaSetFacts } from "../core/plan/snapshot.ts";
import type { DestinationRuleObject, VirtualServiceObject } from "../core/traffic/wire.ts";
import type { Deployment, KubeObject, ObjectMeta, Pod, ReplicaSet } from "../kube/object.ts";

/*
 * What the caches keep of each kind. A Deployment of 7 KiB is 14 KiB on the heap and 0.3 KiB like this; the whole object is
 * read again when it is written (research/performance.md §2).
 */

export interface DeploymentProjection extends DeploymentFacts {
  namespace: string;
  name: string;
  intent: string | undefined;
  approval: string | undefined;
  passage: string | undefined;
  /** Names of the containers, in the order of `images`. */
  containers: readonly string[];
  /** `off` opts out. */
  canary: string | undefined;
  labels: Record<string, string>;
  /** What forbids two versions beside each other: strategy Recreate, a claim, a port of the node. */
  recreate: boolean;
  claims: readonly string[];
  hostPort: number | undefined;
}

export function projectDeployment({ metadata, spec, status }: Deployment): DeploymentProjection {
  const template = spec?.template as unknown as PodTemplate;
  const notes = metadata.annotations ?? {};
  const progressing = (status?.conditions ?? []).find(({ type }) => type === "Progressing");
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name ?? "",
    uid: metadata.uid ?? "",
    resourceVersion: metadata.resourceVersion ?? "",
    generation: metadata.generation ?? 0,
    deleting: metadata.deletionTimestamp !== undefined,
    replicas: spec?.replicas ?? 1,
    paused: spec?.paused ?? false,
    digest: templateDigest(template),
    images: imagesOf(template),
    templateLabels: template.metadata?.labels ?? {},
    carriesIntent: Object.hasOwn(notes, annotations.intent),
    carriesPassage: Object.hasOwn(notes, annotations.passage),
    asked: Object.hasOwn(notes, annotations.approval) || Object.hasOwn(notes, annotations.unpauseAsked),
    traces: [annotations.admitted, annotations.beforePause, annotations.passage].some((name) => Object.hasOwn(notes, name)),
    marked: hasOurMark(metadata),
    observedGeneration: status?.observedGeneration ?? 0,
    updatedReplicas: status?.updatedReplicas ?? 0,
    availableReplicas: status?.availableReplicas ?? 0,
    failureShown: progressing?.status === "False" && progressing.reason === "ProgressDeadlineExceeded",
    intent: notes[annotations.intent],
    approval: notes[annotations.approval],
    passage: notes[annotations.passage],
    containers: [...template.spec.containers, ...(template.spec.initContainers ?? [])].map(({ name }) => name),
    canary: notes[annotations.canary],
    labels: metadata.labels ?? {},
    recreate: spec?.strategy?.type === "Recreate",
    claims: claimsIn(template),
    hostPort: hostPortIn(template),
  };
}

/** A crash between a write and the one that gives the fields back leaves our mark; the next look removes it (design I13). */
export const hasOurMark = (metadata: ObjectMeta): boolean => (metadata.managedFields ?? []).some(({ manager }) => manager === fieldManager);

export interface ReplicaSetProjection extends ReplicaSetFacts {
  namespace: string;
  /** Its controller is a CanaryPlan: it is a canary that has not been handed over. */
  isOfPlan: boolean;
}

export function projectReplicaSet({ metadata, spec, status }: ReplicaSet): ReplicaSetProjection {
  const template = spec?.template as unknown as PodTemplate;
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name ?? "",
    uid: metadata.uid ?? "",
    resourceVersion: metadata.resourceVersion ?? "",
    deleting: metadata.deletionTimestamp !== undefined,
    owner: controllerOf(metadata),
    isOfPlan: metadata.ownerReferences?.some(({ kind, controller }) => controller === true && kind === "CanaryPlan") ?? false,
    hash: metadata.labels?.[podTemplateHash] ?? "",
    digest: templateDigest(template),
    images: imagesOf(template),
    madeBy: metadata.labels?.[labels.plan],
    noted: ownMarks.some((name) => Object.hasOwn(metadata.annotations ?? {}, name)),
    kept: (metadata.finalizers ?? []).includes(finalizers.stable),
    replicas: spec?.replicas ?? 1,
    ready: status?.readyReplicas ?? 0,
    available: status?.availableReplicas ?? 0,
    failure: status?.conditions?.find(({ type, status: value }) => type === "ReplicaFailure" && value === "True")?.message?.slice(0, 300),
    revision: Number.parseInt(metadata.annotations?.[revision] ?? "0", 10) || 0,
    createdAt: String(metadata.creationTimestamp ?? ""),
  };
}

export const controllerOf = (metadata: ObjectMeta): string | undefined =>
  metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid;

export interface PodProjection extends PodFacts {
  owner: string | undefined;
}

export function projectPod({ metadata, status }: Pod): PodProjection | undefined {
  const hash = metadata.labels?.[podTemplateHash];
  if (hash === undefined || status?.phase === "Succeeded" || status?.phase === "Failed") return undefined;
  const containers = status?.containerStatuses ?? [];
  return {
    name: metadata.name ?? "",
    hash,
    revision: metricsRevision(metadata.labels ?? {}),
    owner: controllerOf(metadata),
    ready: (status?.conditions ?? []).some(({ type, status: value }) => type === "Ready" && value === "True"),
    deleting: metadata.deletionTimestamp !== undefined,
    waiting: containers.find(({ state }) => state?.waiting?.reason)?.state?.waiting?.reason,
    restarts: containers.reduce((sum, { restartCount }) => sum + restartCount, 0),
  };
}

/** Routing objects are kept whole but for managedFields: they are few, and edited in place. */
export function projectRouting<T extends VirtualServiceObject | DestinationRuleObject>(raw: KubeObject): T & { marked: boolean } {
  const { managedFields: _, ...metadata } = raw.metadata;
  return { ...raw, metadata, marked: hasOurMark(raw.metadata) } as unknown as T & { marked: boolean };
}
