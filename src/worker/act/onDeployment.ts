import type { Restore } from "../../api/intent.ts";
import { annotations, fieldManager, lastApplied, ownMarks } from "../../api/names.ts";
import { type PodTemplate, withoutHash } from "../../api/template.ts";
import { previousOwners } from "../../core/admission/fieldOwners.ts";
import { unpackRestore } from "../../core/admission/restore.ts";
import type { Action } from "../../core/plan/action.ts";
import type { Deployment, KubeObject, ReplicaSet } from "../../kube/object.ts";
import { resources } from "../../kube/resources.ts";
import type { Scene } from "./act.ts";
import { disown, Outdated, without, writeAsGuest } from "./guest.ts";

type Of<Kind extends Action["kind"]> = Extract<Action, { kind: Kind }>;

/** All that a hold leaves on a Deployment. */
const allMarks = without(ownMarks.filter((name) => name !== annotations.beforePause));

function onDeployment({ hands, snapshot }: Scene) {
  const { namespace, name } = snapshot;
  return { client: hands.client, resource: resources.deployments, namespace, name };
}

const noteDeployment = ({ hands, snapshot }: Scene, written: KubeObject): void =>
  hands.caches.deployments.noteWritten(`${snapshot.namespace}/${snapshot.name}`, written.metadata.resourceVersion ?? "0");

export async function pauseDeployment({ resourceVersion }: Of<"pause">, scene: Scene): Promise<void> {
  noteDeployment(
    scene,
    await writeAsGuest({ ...onDeployment(scene), resourceVersion, change: () => ({ spec: { paused: true } }), urgent: true }),
  );
}

export const clearAsked = ({ resourceVersion }: Of<"clearAsked">, scene: Scene): Promise<void> =>
  clear([annotations.approval, annotations.unpauseAsked], resourceVersion, scene);

export const clearPassage = ({ resourceVersion }: Of<"clearPassage">, scene: Scene): Promise<void> =>
  clear([annotations.passage], resourceVersion, scene);

export const clearMarks = ({ resourceVersion }: Of<"clearMarks">, scene: Scene): Promise<void> => clear(ownMarks, resourceVersion, scene);

async function clear(names: readonly string[], resourceVersion: string, scene: Scene): Promise<void> {
  const change = () => ({ annotations: without(names) });
  noteDeployment(scene, await writeAsGuest({ ...onDeployment(scene), resourceVersion, change }));
}

/**
 * Ends the hold: `paused` and our annotations go in one write. With a template, the stable one goes back in the same write, its fields go back to those
 * who owned them before the change, and kubectl's own record of the last apply too (design §3 fact 12).
 */
export async function unholdDeployment({ resourceVersion, template }: Of<"unhold">, scene: Scene): Promise<void> {
  const restore = template === undefined ? undefined : (unpackRestore(template.restore) ?? {});
  const stable = template === undefined ? undefined : await stableTemplate(template.replicaSet, scene);
  const written = await writeAsGuest({
    ...onDeployment(scene),
    resourceVersion,
    change: (now) => ({
      annotations: { ...allMarks, ...appliedBefore(restore, now) },
      spec: { paused: null, ...(stable ? { template: stable } : {}) },
    }),
    ...(restore === undefined ? {} : { owners: (before, after) => previousOwners(withoutStatusOf(after, before), restore, fieldManager) }),
  });
  noteDeployment(scene, written);
}

/** The write's own bookkeeping may have dropped previous owners of what we touched outside of the template; they are in `before`. */
function withoutStatusOf(
  after: Parameters<typeof previousOwners>[0],
  before: Parameters<typeof previousOwners>[0],
): Parameters<typeof previousOwners>[0] {
  const main = before.filter(({ subresource }) => !subresource);
  return [...main, ...after.filter(({ subresource, manager }) => subresource && manager !== fieldManager)];
}

function appliedBefore(restore: Restore | undefined, now: KubeObject): Record<string, string> {
  const has = now.metadata.annotations?.[lastApplied] !== undefined;
  return restore?.lastApplied === undefined || !has ? {} : { [lastApplied]: restore.lastApplied };
}

async function stableTemplate(replicaSet: string, { hands, snapshot }: Scene): Promise<PodTemplate> {
  const stable = await hands.client.get<ReplicaSet>(resources.replicasets, replicaSet, snapshot.namespace);
  if (!stable) throw new Outdated(`ReplicaSet ${replicaSet} is gone`);
  return withoutHash(stable.spec?.template as unknown as PodTemplate);
}

/** The condition that makes `kubectl rollout status` exit 1 on a paused Deployment; the controller keeps it there (design §3 fact 3). */
export const showFailure = ({ message }: Of<"showFailure">, scene: Scene): Promise<void> =>
  writeProgressing({ status: "False", reason: "ProgressDeadlineExceeded", message: message.slice(0, 1024) }, scene);

/** What the controller itself writes on a paused Deployment. It leaves a failure there alone until the unpause. */
export const clearFailure = (scene: Scene): Promise<void> =>
  writeProgressing({ status: "Unknown", reason: "DeploymentPaused", message: "Deployment is paused" }, scene);

async function writeProgressing(wanted: { status: string; reason: string; message: string }, scene: Scene): Promise<void> {
  const { client, resource, namespace, name } = onDeployment(scene);
  const now = await client.get<Deployment>(resource, name, namespace);
  if (!now?.spec?.paused) return;
  const time = new Date(scene.snapshot.now).toISOString().replace(/\.\d+Z$/, "Z");
  const others = (now.status?.conditions ?? []).filter(({ type }) => type !== "Progressing");
  const condition = { type: "Progressing", ...wanted, lastUpdateTime: time, lastTransitionTime: time };
  const body = { metadata: { resourceVersion: now.metadata.resourceVersion }, status: { conditions: [...others, condition] } };
  const written = await client.patch<KubeObject>(
    resource,
    name,
    namespace,
    { type: "merge", body },
    { fieldManager, subresource: "status" },
  );
  noteDeployment(scene, await disown(client, resource, written));
}

export async function disownObject({ object }: Of<"disown">, scene: Scene): Promise<void> {
  const { client } = scene.hands;
  const [resource, name, namespace] =
    object === "deployment"
      ? ([resources.deployments, scene.snapshot.name, scene.snapshot.namespace] as const)
      : ([resources.virtualservices, object.metadata.name, object.metadata.namespace] as const);
  const now = await client.get<KubeObject>(resource, name, namespace);
  if (!now) return;
  const written = await disown(client, resource, now);
  const cache = object === "deployment" ? scene.hands.caches.deployments : scene.hands.caches.virtualServices;
  cache.noteWritten(`${namespace}/${name}`, written.metadata.resourceVersion ?? "0");
}
