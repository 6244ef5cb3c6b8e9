import type { Log } from "../api/logLine.ts";
import { isLive } from "../api/plan.ts";
import { isSafety } from "../core/plan/action.ts";
import { decide } from "../core/plan/decide.ts";
import type { Decision } from "../core/plan/draft.ts";
import type { Snapshot } from "../core/plan/snapshot.ts";
import { ruleName } from "../core/traffic/revisionSubset.ts";
import { act, type Hands, type Scene } from "./act/act.ts";
import { writeStatus } from "./act/writeStatus.ts";
import type { Caches } from "./caches.ts";
import { observe, type Senses } from "./observe.ts";

export interface Reconciler {
  senses: Senses;
  hands: Hands;
  log: Log;
  /** False from the moment on that another worker may be leading. */
  mayWrite(): boolean;
}

/** How long to wait for the caches to show our last write before looking anyway. */
const catchUpMs = 1_000;

/**
 * One look at one Deployment: observe → decide → act.
 *
 * The two safety actions (weight down, pausing again) come first and are recorded after; everything else is recorded before it is done
 * (design I10). Any refusal ends the look: the queue comes back and everything is decided anew from what is true then.
 *
 * @returns milliseconds after which to look again at the latest
 */
export async function reconcile(key: string, reconciler: Reconciler): Promise<number | undefined> {
  const { senses, hands, log, mayWrite } = reconciler;
  if (!mayWrite()) return undefined;
  const snapshot = observe(key, senses);
  if (!caughtUp(snapshot, senses.caches)) return catchUpMs;
  const decision = decide(snapshot);
  const memory = senses.memories.get(snapshot.plan?.metadata.uid);
  const scene: Scene = { hands, snapshot, memory };
  const run = async (actions: Decision["actions"]) => {
    for (const action of actions) {
      if (!mayWrite()) throw new Error("no longer the leader");
      log.debug({ key, action: action.kind }, "act");
      await act(action, scene);
    }
  };
  await run(decision.actions.filter(isSafety));
  if (snapshot.plan && decision.status && memory) {
    const taken = snapshot.answers.length;
    if (mayWrite() && (await writeStatus(snapshot.plan, decision.status, memory, hands))) logStatus(log, snapshot, decision);
    memory.answers = memory.answers.slice(taken);
  }
  await run(decision.actions.filter((action) => !isSafety(action) && action.kind !== "event"));
  await tell(decision, run, log);
  if (snapshot.plan && (!decision.status || !isLive({ ...snapshot.plan, status: decision.status })))
    senses.memories.forget(snapshot.plan.metadata.uid ?? "");
  // Our own write brings us back, unless the cache can't tell whose object it was (the owner is gone): so we look again all the same.
  const acted = decision.actions.some(({ kind }) => kind !== "event" && kind !== "measure");
  return acted ? Math.min(decision.wakeAfter ?? catchUpMs, catchUpMs) : decision.wakeAfter;
}

/** Events are for people: one that can't be written holds nothing up. */
async function tell(decision: Decision, run: (actions: Decision["actions"]) => Promise<void>, log: Log): Promise<void> {
  try {
    await run(decision.actions.filter((action) => action.kind === "event"));
  } catch (error) {
    log.warn({ err: error }, "an Event could not be written");
  }
}

function logStatus(log: Log, snapshot: Snapshot, decision: Decision): void {
  const { status } = decision;
  if (!status) return;
  log.info(
    {
      namespace: snapshot.namespace,
      name: snapshot.name,
      plan: snapshot.plan?.metadata.name,
      phase: status.phase,
      step: status.step?.index,
      weight: status.weight?.desired,
      observed: status.weight?.observed,
      reason: status.reason,
    },
    status.message,
  );
}

/** Decisions from before our own last write would repeat it. */
function caughtUp(snapshot: Snapshot, caches: Caches): boolean {
  const { namespace, name, plan, replicaSets, virtualServices, destinationRules } = snapshot;
  return (
    caches.deployments.caughtUp(`${namespace}/${name}`) &&
    caches.plans.caughtUp(`${namespace}/${name}`) &&
    (!plan || caches.plans.caughtUp(`${namespace}/${plan.metadata.name}`)) &&
    (!plan || caches.replicaSets.caughtUp(`${namespace}/${plan.status?.canaryReplicaSet ?? ""}`)) &&
    replicaSets.every((set) => caches.replicaSets.caughtUp(`${namespace}/${set.name}`)) &&
    virtualServices.every(({ metadata }) => caches.virtualServices.caughtUp(`${metadata.namespace}/${metadata.name}`)) &&
    snapshot.services.every((service) => caches.virtualServices.caughtUp(`${service.namespace}/${ruleName(service.name)}`)) &&
    snapshot.services.every((service) => caches.destinationRules.caughtUp(`${service.namespace}/${ruleName(service.name)}`)) &&
    destinationRules.every(({ metadata }) => caches.destinationRules.caughtUp(`${metadata.namespace}/${metadata.name}`))
  );
}
