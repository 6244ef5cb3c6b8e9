import { fitted } from "../../api/fit.ts";
import { apiVersion, finalizers, labels } from "../../api/names.ts";
import { type CanaryPlan, isLive, planSpec, type Request } from "../../api/plan.ts";
import { labelOf, planName } from "../../api/planName.ts";
import type { CanaryPolicy } from "../../api/policy.ts";
import { hashOf } from "../../api/template.ts";
import { withTemplates } from "../analysis/templates.ts";
import type { Action } from "./action.ts";
import { leave } from "./leaving.ts";
import { tendNote } from "./passed.ts";
import { byWhom, isRetry, requestOf, retryOf, strandedRequest, unrecorded } from "./requestUid.ts";
import type { ReplicaSetFacts, Snapshot } from "./snapshot.ts";
import { repaused, tendHeld } from "./tendHeld.ts";
import { refuseUnstampedRetry } from "./unstamped.ts";

/**
 * A Deployment without a live plan. A hold with a valid intent becomes a plan, also one whose change was taken back before anything started: that
 * plan only records it. Everything else is somebody's own business and stays untouched.
 */
export function begin(snapshot: Snapshot): Action[] {
  const orphans = orphansGo(snapshot);
  if (orphans.length > 0) return orphans;
  if (snapshot.leaving) return leave(snapshot);
  const actions = [...tendHeld(snapshot), ...refuseUnstampedRetry(snapshot), ...answer(snapshot)];
  return actions.length === 0 ? tidy(snapshot) : actions;
}

/** Where nothing is to be done. */
function tidy(snapshot: Snapshot): Action[] {
  const { deployment } = snapshot;
  if (!deployment || deployment.deleting) return [];
  // A crash came between a write that no plan stands for and the one that gives the fields back.
  if (deployment.marked) return [{ kind: "disown", object: "deployment" }];
  const noted = tendNote(snapshot);
  if (noted.length > 0) return noted;
  return deployment.carriesIntent || deployment.asked || deployment.traces ? [] : copiesGo(snapshot, deployment.uid);
}

/** Of a note, the controller has made one on the ReplicaSet of that template. A canary's own goes when Serin does. */
const copiesGo = ({ replicaSets }: Snapshot, uid: string): Action[] =>
  replicaSets
    .filter(({ noted, madeBy, owner, deleting }) => noted && madeBy === undefined && owner === uid && !deleting)
    .map(({ name }): Action => ({ kind: "unmark", replicaSet: name }));

function answer(snapshot: Snapshot): Action[] {
  const { deployment, intent, planOfIntent } = snapshot;
  if (!deployment || deployment.deleting || !intent || intent.uid !== deployment.uid) return [];
  const stable = serving(snapshot);
  const isBack = deployment.digest === stable?.digest;
  // Somebody unpaused it past the admission. When stable was asked for before that, the intent is a leftover.
  if (!deployment.paused && !isBack) return isLostHold(snapshot) ? repaused(deployment) : [];
  if (isBack && (planOfIntent || !needsRecord(snapshot))) return letGo(snapshot, true);
  const retry = retryOfHeld(snapshot);
  const again = retry ?? (strandedFor(snapshot) === 0 ? strandedRequest(intent, snapshot.wall) : undefined);
  const { policy } = snapshot;
  const inForce = policy && !policy.metadata.deletionTimestamp && !policy.spec.suspend ? policy : undefined;
  // Recorded as a bypass, and a crash came between the record and this.
  if (planOfIntent && !planOfIntent.spec.policy && !(again && inForce)) return letGo(snapshot, false);
  if (planOfIntent && !again) return [];
  const request = (planOfIntent && again) ?? requestOf(intent, deployment.digest, snapshot.wall);
  if (retry && !inForce) return [];
  if (!stable) return letGo(snapshot, false);
  const plan = newPlan(snapshot, stable, request, inForce);
  // Without its policy the change rolls out as usual, and the record says so, before the hold goes.
  return inForce ? [...makeRoom(snapshot, plan), { kind: "createPlan", plan }] : [{ kind: "createPlan", plan }, ...letGo(snapshot, false)];
}

/** kube-apiserver gives up on a write after 60 s; an intent that is older and has no plan is a copy that somebody kept. */
const freshMs = 60_000;

/** A request of a moment ago that somebody unpaused past the admission before it had its plan. */
function isLostHold({ intent, deployment, planOfIntent, plannedRequests, wall }: Snapshot): boolean {
  if (!intent || planOfIntent || plannedRequests.has(intent.request.uid) || intent.canary === intent.stable) return false;
  return intent.canary === deployment?.digest && Math.abs(wall - Date.parse(intent.request.at)) < freshMs;
}

/** The retry that a person asked of the plan that holds the Deployment. Who deletes the record wants no other one. */
function retryOfHeld({ previous, retryStamp }: Snapshot): Request | undefined {
  if (previous?.status?.phase !== "Held" || previous.metadata.deletionTimestamp) return undefined;
  return typeof retryStamp === "object" ? retryOf(previous, retryStamp) : undefined;
}

/** Whoever waits with `kubectl rollout status` since a moment ago must not meet the failure of the plan before. */
function makeRoom(snapshot: Snapshot, plan: CanaryPlan): Action[] {
  const clears = snapshot.deployment?.failureShown === true && !repeats(snapshot, plan);
  const released = snapshot.heldPlans.filter(({ spec }) => spec.canary.digest === plan.spec.canary.digest);
  return [
    ...(clears ? [{ kind: "clearFailure" } as const] : []),
    ...released.map(({ metadata }): Action => ({ kind: "releasePlan", plan: metadata.name })),
  ];
}

/** The stable ReplicaSet of a Deployment that went while it was Held: nothing waits for it any more but its own end. */
const orphansGo = ({ deployment, replicaSets }: Snapshot): Action[] =>
  replicaSets
    .filter(({ kept, owner }) => kept && (!deployment || deployment.deleting || owner !== deployment.uid))
    .map(({ name }): Action => ({ kind: "letStableGo", replicaSet: name }));

/** A request that was overwritten, or whose template serves already although another was stable when it was asked for. */
function needsRecord(snapshot: Snapshot): boolean {
  const { intent, deployment, plannedRequests } = snapshot;
  const servesNow = intent?.canary === deployment?.digest && intent?.stable !== deployment?.digest;
  return unrecorded(snapshot).length > 0 || (servesNow && intent !== undefined && !plannedRequests.has(intent.request.uid));
}

/** The caches of Deployments and of plans may be so far apart: an ended plan has let its Deployment go a moment before it ended. */
const apartMs = 5_000;

/**
 * A hold whose plan has ended otherwise than Held: its template was asked for again past the webhook, where nobody could sign a request of its own.
 * @returns milliseconds until it surely is one, 0 when it is; undefined when it is none
 */
export function strandedFor({ deployment, intent, planOfIntent, previous, now }: Snapshot): number | undefined {
  if (!deployment?.paused || deployment.deleting || !intent || !planOfIntent || isLive(planOfIntent)) return undefined;
  if ([planOfIntent, previous].some((plan) => plan?.status?.phase === "Held")) return undefined;
  const left = Date.parse(planOfIntent.status?.finishedAt ?? "") + apartMs - now;
  // More than that is the word of a worker whose clock was ahead.
  return left > 0 && left <= 2 * apartMs ? left : 0;
}

function letGo(snapshot: Snapshot, isBack: boolean): Action[] {
  const { deployment, replicaSets } = snapshot;
  if (!deployment) return [];
  const images = deployment.images.join(", ");
  const message = isBack
    ? `the stable template (${images}) was asked for again${byWhom(snapshot)}: the hold ends`
    : `nothing to compare: the hold on ${images} ends`;
  return [
    ...replicaSets.filter(({ kept }) => kept).map(({ name }): Action => ({ kind: "letStableGo", replicaSet: name })),
    { kind: "unhold", resourceVersion: deployment.resourceVersion, template: undefined },
    { kind: "event", type: "Normal", reason: "Unheld", message },
  ];
}

/** What serves: the ReplicaSet of the Deployment with the most ready pods; of equals the one that the intent names, then the younger. */
export function serving({ deployment, replicaSets, intent }: Snapshot): ReplicaSetFacts | undefined {
  const own = replicaSets.filter(
    (set) => set.owner === deployment?.uid && !set.deleting && (set.replicas > 0 || set.digest === intent?.stable),
  );
  const rank = (set: ReplicaSetFacts) => [set.ready, set.digest === intent?.stable ? 1 : 0, set.revision] as const;
  return own.sort((a, b) => {
    const [x, y] = [rank(a), rank(b)];
    return y[0] - x[0] || y[1] - x[1] || y[2] - x[2];
  })[0];
}

function newPlan(snapshot: Snapshot, stable: ReplicaSetFacts, request: Request, policy: CanaryPolicy | undefined): CanaryPlan {
  const { deployment, intent, namespace, name, replicaSets } = snapshot;
  if (!deployment || !intent) throw new Error("a plan needs a Deployment and an intent");
  const overwritten = unrecorded(snapshot);
  const leftover = replicaSets.find((set) => set.owner === deployment.uid && set.digest === deployment.digest && !set.deleting);
  const canaryHash = deployment.digest === stable.digest ? stable.hash : (leftover?.hash ?? hashOf(deployment.digest));
  return {
    apiVersion,
    kind: "CanaryPlan",
    metadata: {
      name: planName(name, request.uid),
      namespace,
      labels: { [labels.deployment]: labelOf(name) },
      finalizers: [finalizers.plan],
    },
    spec: fitted(planSpec, {
      deployment: { name, uid: deployment.uid },
      stable: { hash: stable.hash, digest: stable.digest, images: [...stable.images] },
      canary: { hash: canaryHash, digest: deployment.digest, images: [...deployment.images] },
      ...(policy
        ? {
            policy: {
              name: policy.metadata.name,
              generation: policy.metadata.generation ?? 0,
              spec: withTemplates(policy.spec, snapshot.templates),
            },
          }
        : {}),
      request,
      ...(overwritten.length > 0 ? { overwritten } : {}),
      ...(intent.restore ? { restore: intent.restore } : {}),
      control: {},
    }),
  };
}

/** The same template again after it failed, under `onRepeat: Hold`: held at once, on stable, without another canary. */
export function repeats(snapshot: Snapshot, plan: CanaryPlan): CanaryPlan | undefined {
  const { previous } = snapshot;
  if (plan.spec.policy?.spec.onRepeat !== "Hold" || !previous || isRetry(plan.spec.request?.uid)) return undefined;
  const failedBefore = previous.status?.phase === "RolledBack" || previous.status?.phase === "Held";
  return failedBefore &&
    plan.spec.canary.digest !== plan.spec.stable.digest &&
    previous.spec.deployment.uid === plan.spec.deployment.uid &&
    previous.spec.canary.digest === plan.spec.canary.digest
    ? previous
    : undefined;
}
