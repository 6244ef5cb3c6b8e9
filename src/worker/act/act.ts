import { finalizers } from "../../api/names.ts";
import type { CanaryPlan, PlanStatus } from "../../api/plan.ts";
import { sameCanonical } from "../../api/template.ts";
import type { Action } from "../../core/plan/action.ts";
import type { Snapshot } from "../../core/plan/snapshot.ts";
import { isAlreadyExists } from "../../kube/apiError.ts";
import type { Client } from "../../kube/client.ts";
import { resources } from "../../kube/resources.ts";
import type { Caches } from "../caches.ts";
import type { PlanMemory } from "../memory.ts";
import type { Sealer } from "../sealer.ts";
import { emitEvent } from "./events.ts";
import {
  clearAsked,
  clearFailure,
  clearMarks,
  clearPassage,
  disownObject,
  pauseDeployment,
  showFailure,
  unholdDeployment,
} from "./onDeployment.ts";
import {
  createCanary,
  deleteReplicaSet,
  keepStable,
  letStableGo,
  ownReplicaSet,
  scaleReplicaSet,
  unmarkReplicaSet,
} from "./onReplicaSets.ts";
import { deleteMeshRoute, deleteRule, writeMeshRoute, writeRoute, writeRule } from "./onRoutes.ts";

/** What an action needs of the world around it. */
export interface Hands {
  client: Client;
  caches: Caches;
  now(): number;
  /** Name of this process, for Events. */
  instance: string;
  /** Ends plans with a seal. */
  sealer: Sealer;
  /** The record of a change without a canary has its words; the reason is one of the catalogue's. */
  onBypass?(reason: string): void;
  /** The last status of a plan of a request is stored. */
  onEnd?(status: PlanStatus): void;
  measure(plan: CanaryPlan, action: Extract<Action, { kind: "measure" }>, snapshot: Snapshot): void;
}

export interface Scene {
  hands: Hands;
  snapshot: Snapshot;
  memory: PlanMemory | undefined;
}

/** Carries out one action. One exhaustive switch: a new kind of action does not compile until it stands here. */
export async function act(action: Action, scene: Scene): Promise<void> {
  switch (action.kind) {
    case "createPlan":
      return createPlan(action.plan, scene);
    case "releasePlan":
      return releasePlan(action.plan, scene);
    case "keepStable":
      return keepStable(action, scene);
    case "letStableGo":
      return letStableGo(action, scene);
    case "writeRule":
      return writeRule(action, scene);
    case "deleteRule":
      return deleteRule(action, scene);
    case "writeRoute":
      return writeRoute(action, scene);
    case "writeMeshRoute":
      return writeMeshRoute(action, scene);
    case "deleteMeshRoute":
      return deleteMeshRoute(action, scene);
    case "createCanary":
      return createCanary(action, scene);
    case "scale":
      return scaleReplicaSet(action, scene);
    case "deleteReplicaSet":
      return deleteReplicaSet(action, scene);
    case "own":
      return ownReplicaSet(action, scene);
    case "pause":
      return pauseDeployment(action, scene);
    case "unhold":
      return unholdDeployment(action, scene);
    case "clearMarks":
      return clearMarks(action, scene);
    case "unmark":
      return unmarkReplicaSet(action, scene);
    case "clearAsked":
      return clearAsked(action, scene);
    case "clearPassage":
      return clearPassage(action, scene);
    case "takeBack":
      return takeBack(action, scene);
    case "disown":
      return disownObject(action, scene);
    case "showFailure":
      return showFailure(action, scene);
    case "clearFailure":
      return clearFailure(scene);
    case "event":
      return emitEvent(action, scene);
    case "measure":
      if (scene.snapshot.plan) scene.hands.measure(scene.snapshot.plan, action, scene.snapshot);
      return;
  }
}

async function createPlan(plan: CanaryPlan, { hands }: Scene): Promise<void> {
  try {
    const made = await hands.client.create(resources.canaryplans, plan, { fieldManager: "serin" });
    const version = made.metadata.resourceVersion ?? "0";
    hands.caches.plans.noteWritten(`${plan.metadata.namespace}/${plan.metadata.name}`, version);
    // Also under the Deployment's name: until this plan is seen, a newer request must not get one beside it.
    hands.caches.plans.noteWritten(`${plan.metadata.namespace}/${plan.spec.deployment.name}`, version);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

async function releasePlan(name: string, { hands, snapshot }: Scene): Promise<void> {
  const now = await hands.client.get<CanaryPlan>(resources.canaryplans, name, snapshot.namespace);
  const left = (now?.metadata.finalizers ?? []).filter((finalizer) => finalizer !== finalizers.plan);
  if (!now || left.length === (now.metadata.finalizers ?? []).length) return;
  // Somebody deleted it while it held the Deployment, which cancels: its record goes with this write.
  if (now.metadata.deletionTimestamp && now.status?.seal) await hands.sealer.note("deleted", [now.status.seal.number]);
  const patch = { type: "merge" as const, body: { metadata: { resourceVersion: now.metadata.resourceVersion, finalizers: left } } };
  const written = await hands.client.patch<CanaryPlan>(resources.canaryplans, name, snapshot.namespace, patch, { fieldManager: "serin" });
  hands.caches.plans.noteWritten(`${snapshot.namespace}/${name}`, written.metadata.resourceVersion ?? "0");
}

async function takeBack({ plan, wishes }: Extract<Action, { kind: "takeBack" }>, { hands, snapshot }: Scene): Promise<void> {
  const now = await hands.client.get<CanaryPlan>(resources.canaryplans, plan, snapshot.namespace);
  const control = now?.spec.control as Record<string, unknown> | undefined;
  const left = Object.entries(wishes).filter(([field, wish]) => control?.[field] !== undefined && sameCanonical(control[field], wish));
  if (!now || left.length === 0) return;
  const gone = Object.fromEntries(left.map(([field]) => [field, null]));
  const body = { metadata: { resourceVersion: now.metadata.resourceVersion }, spec: { control: gone } };
  const written = await hands.client.patch<CanaryPlan>(
    resources.canaryplans,
    plan,
    snapshot.namespace,
    { type: "merge", body },
    { fieldManager: "serin" },
  );
  hands.caches.plans.noteWritten(`${snapshot.namespace}/${plan}`, written.metadata.resourceVersion ?? "0");
}
