import {
  annotations,
  apiVersion,
  fieldManager,
  finalizers,
  labels,
  lastApplied,
  ownMarks,
  podTemplateHash,
  revision,
} from "../../api/names.ts";
import { type PodTemplate, templateDigest } from "../../api/template.ts";
import type { Action } from "../../core/plan/action.ts";
import { isAlreadyExists } from "../../kube/apiError.ts";
import type { Deployment, KubeObject, ReplicaSet } from "../../kube/object.ts";
import { resources } from "../../kube/resources.ts";
import type { Scene } from "./act.ts";
import { Outdated, without } from "./guest.ts";

type Of<Kind extends Action["kind"]> = Extract<Action, { kind: Kind }>;

async function patchSet({ hands, snapshot }: Scene, name: string, body: unknown): Promise<void> {
  const written = await hands.client.patch<KubeObject>(
    resources.replicasets,
    name,
    snapshot.namespace,
    { type: "merge", body },
    { fieldManager },
  );
  hands.caches.replicaSets.noteWritten(`${snapshot.namespace}/${name}`, written.metadata.resourceVersion ?? "0");
}

/** The stable ReplicaSet of a paused Deployment with `revisionHistoryLimit: 0` would be pruned at 0 replicas (design §3 fact 2e). */
export async function keepStable({ replicaSet }: Of<"keepStable">, scene: Scene): Promise<void> {
  await setFinalizers(replicaSet, scene, (now) => [...now, finalizers.stable]);
}

export async function letStableGo({ replicaSet }: Of<"letStableGo">, scene: Scene): Promise<void> {
  await setFinalizers(replicaSet, scene, (now) => now);
}

async function setFinalizers(replicaSet: string, scene: Scene, change: (others: string[]) => string[]): Promise<void> {
  const now = await scene.hands.client.get<ReplicaSet>(resources.replicasets, replicaSet, scene.snapshot.namespace);
  if (!now) return;
  const before = now.metadata.finalizers ?? [];
  const after = change(before.filter((finalizer) => finalizer !== finalizers.stable));
  if (after.length === before.length) return;
  await patchSet(scene, replicaSet, { metadata: { resourceVersion: now.metadata.resourceVersion, finalizers: after } });
}

/**
 * The canary's ReplicaSet: the Deployment's new template unchanged, so that the controller takes it for its own at the hand-over
 * (`EqualIgnoreHash`), owned by the plan until then. Its revision number is already the next one: the controller never lowers it.
 */
export async function createCanary(action: Of<"createCanary">, scene: Scene): Promise<void> {
  const { hands, snapshot } = scene;
  const { plan } = snapshot;
  const deployment = await hands.client.get<Deployment>(resources.deployments, snapshot.name, snapshot.namespace);
  const template = deployment?.spec?.template as unknown as PodTemplate | undefined;
  if (!plan || !deployment || !template || templateDigest(template) !== action.digest)
    throw new Outdated("the Deployment's template has changed");
  const hashed = { [podTemplateHash]: action.hash };
  const set = {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: action.name,
      namespace: snapshot.namespace,
      labels: { ...template.metadata?.labels, ...hashed, [labels.plan]: plan.metadata.name },
      annotations: { ...historyAnnotations(deployment), [revision]: String(action.revision) },
      ownerReferences: [ownedBy(plan.metadata.name, plan.metadata.uid ?? "", "plan")],
    },
    spec: {
      replicas: action.replicas,
      minReadySeconds: deployment.spec?.minReadySeconds ?? 0,
      selector: { ...deployment.spec?.selector, matchLabels: { ...deployment.spec?.selector.matchLabels, ...hashed } },
      template: { ...template, metadata: { ...template.metadata, labels: { ...template.metadata?.labels, ...hashed } } },
    },
  };
  try {
    const made = await hands.client.create<KubeObject>(resources.replicasets, set as unknown as KubeObject, { fieldManager });
    hands.caches.replicaSets.noteWritten(`${snapshot.namespace}/${action.name}`, made.metadata.resourceVersion ?? "0");
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    throw new Outdated(`ReplicaSet ${action.name} exists already and is not ours yet`);
  }
}

/** What the controller copies to a ReplicaSet: the Deployment's annotations but its own and those that speak of the Deployment alone. */
function historyAnnotations({ metadata }: Deployment): Record<string, string> {
  const left = new Set<string>([lastApplied, revision, ...Object.values(annotations)]);
  return Object.fromEntries(
    Object.entries(metadata.annotations ?? {}).filter(([key]) => !left.has(key) && !key.startsWith("deployment.kubernetes.io/")),
  );
}

/**
 * A Deployment's reference is the one that its controller would write. A plan's blocks nothing: its finalizer already does, and where
 * OwnerReferencesPermissionEnforcement is on, kube-apiserver refuses to block on a kind whose CRD is younger than its RESTMapping (20 s seen).
 */
const ownedBy = (name: string, uid: string, by: "plan" | "deployment") => ({
  apiVersion: by === "plan" ? apiVersion : "apps/v1",
  kind: by === "plan" ? "CanaryPlan" : "Deployment",
  name,
  uid,
  controller: true,
  ...(by === "deployment" ? { blockOwnerDeletion: true } : {}),
});

/** One atomic swap of the controller owner: never an orphan that another Deployment could adopt (design §3 fact 2b). */
export async function ownReplicaSet({ replicaSet, resourceVersion, by, revision: number }: Of<"own">, scene: Scene): Promise<void> {
  const { plan, deployment, name } = scene.snapshot;
  const owner = by === "plan" ? ownedBy(plan?.metadata.name ?? "", plan?.metadata.uid ?? "", by) : ownedBy(name, deployment?.uid ?? "", by);
  const marks = number === undefined ? {} : { annotations: { [revision]: String(number) } };
  await patchSet(scene, replicaSet, { metadata: { resourceVersion, ownerReferences: [owner], ...marks } });
}

export async function scaleReplicaSet({ replicaSet, resourceVersion, replicas, removesPods }: Of<"scale">, scene: Scene): Promise<void> {
  await patchSet(scene, replicaSet, { metadata: { resourceVersion }, spec: { replicas } });
  if (removesPods && scene.memory) scene.memory.trafficChangedAt = scene.hands.now();
}

/** Our label on the ReplicaSet itself, and what the controller has copied of ours; its pods never had either. */
export async function unmarkReplicaSet({ replicaSet }: Of<"unmark">, scene: Scene): Promise<void> {
  await patchSet(scene, replicaSet, { metadata: { labels: { [labels.plan]: null }, annotations: without(ownMarks) } });
}

export async function deleteReplicaSet({ replicaSet, uid }: Of<"deleteReplicaSet">, { hands, snapshot }: Scene): Promise<void> {
  await hands.client.remove(resources.replicasets, replicaSet, snapshot.namespace, { uid, propagationPolicy: "Background" });
}
