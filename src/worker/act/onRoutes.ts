import { fieldManager } from "../../api/names.ts";
import type { Action } from "../../core/plan/action.ts";
import { protocols } from "../../core/traffic/routes.ts";
import { sameJson } from "../../core/traffic/sameJson.ts";
import type { DestinationRuleObject, VirtualServiceObject } from "../../core/traffic/wire.ts";
import { isAlreadyExists } from "../../kube/apiError.ts";
import type { KubeObject } from "../../kube/object.ts";
import { type Resource, resources } from "../../kube/resources.ts";
import type { Scene } from "./act.ts";
import { Outdated, writeAsGuest } from "./guest.ts";

type Of<Kind extends Action["kind"]> = Extract<Action, { kind: Kind }>;

/** From here on every proxy has to hear of the change anew; what was counted before says nothing about it. */
function trafficChanged({ hands, memory }: Scene): void {
  if (!memory) return;
  memory.trafficChangedAt = hands.now();
  memory.shift = undefined;
}

/** Only the lists of routes are written, each only where it differs: the rest of the object is not ours to touch. */
export async function writeRoute({ current, spec, repairs, lowers }: Of<"writeRoute">, scene: Scene): Promise<void> {
  const { name, namespace, resourceVersion = "" } = current.metadata;
  const lists = protocols
    .filter((protocol) => !sameJson(current.spec[protocol], spec[protocol]))
    .map((protocol) => [protocol, spec[protocol] ?? null]);
  const { client, caches, now } = scene.hands;
  const written = await writeAsGuest({
    client,
    resource: resources.virtualservices,
    namespace,
    name,
    resourceVersion,
    change: () => ({ spec: Object.fromEntries(lists) }),
    urgent: lowers,
  });
  caches.virtualServices.noteWritten(`${namespace}/${name}`, written.metadata.resourceVersion ?? "0");
  trafficChanged(scene);
  if (repairs && scene.memory) {
    const { count, lastAt } = scene.memory.repairs;
    scene.memory.repairs = { count: now() - lastAt > 60_000 ? 1 : count + 1, lastAt: now() };
  }
}

export async function writeMeshRoute({ route }: Of<"writeMeshRoute">, scene: Scene): Promise<void> {
  await store(resources.virtualservices, route, scene);
  trafficChanged(scene);
}

export async function writeRule({ rule }: Of<"writeRule">, scene: Scene): Promise<void> {
  await store(resources.destinationrules, rule, scene);
  trafficChanged(scene);
}

/** Objects of our own: created, or replaced by compare-and-swap. */
async function store(resource: Resource, object: VirtualServiceObject | DestinationRuleObject, { hands }: Scene): Promise<void> {
  const wanted = object as unknown as KubeObject;
  const cache = resource === resources.virtualservices ? hands.caches.virtualServices : hands.caches.destinationRules;
  try {
    const written = object.metadata.resourceVersion
      ? await hands.client.replace(resource, wanted, { fieldManager })
      : await hands.client.create(resource, wanted, { fieldManager });
    cache.noteWritten(`${object.metadata.namespace}/${object.metadata.name}`, written.metadata.resourceVersion ?? "0");
  } catch (error) {
    if (isAlreadyExists(error)) throw new Outdated(`${object.metadata.name} exists already`);
    throw error;
  }
}

export async function deleteMeshRoute({ namespace, name }: Of<"deleteMeshRoute">, scene: Scene): Promise<void> {
  await scene.hands.client.remove(resources.virtualservices, name, namespace);
  trafficChanged(scene);
}

export async function deleteRule({ namespace, name }: Of<"deleteRule">, scene: Scene): Promise<void> {
  await scene.hands.client.remove(resources.destinationrules, name, namespace);
  trafficChanged(scene);
}
