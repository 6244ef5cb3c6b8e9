import { parseIntent } from "../api/intent.ts";
import { annotations, podTemplateHash, revision } from "../api/names.ts";
import { type CanaryPlan, isLive } from "../api/plan.ts";
import { answers } from "../core/plan/requestUid.ts";
import type { VirtualServiceObject } from "../core/traffic/wire.ts";
import type { Deployment, Pod, ReplicaSet } from "../kube/object.ts";

/** The objects that one screen is made of. */
export interface Scene {
  namespace: string;
  name: string;
  /** Undefined: deleted, or never there. */
  deployment: Deployment | undefined;
  /** The plan to show: the live one, else the latest. */
  plan: CanaryPlan | undefined;
  /** Of the Deployment and of the plan, in any order. */
  replicaSets: readonly ReplicaSet[];
  /** Pods that the Deployment's selector finds. */
  pods: readonly Pod[];
  /** Those that carry the plan's split. */
  virtualServices: readonly VirtualServiceObject[];
  /** It is about this plan; what else was asked of the Deployment since doesn't matter. */
  onlyPlan?: boolean;
}

/** Of several plans of one Deployment the live one, else the latest. */
export function planToShow(plans: readonly CanaryPlan[]): CanaryPlan | undefined {
  const latestFirst = [...plans].sort((a, b) => (madeAt(a) < madeAt(b) ? 1 : -1));
  return latestFirst.find(isLive) ?? latestFirst[0];
}

const madeAt = (plan: CanaryPlan): string => plan.metadata.creationTimestamp ?? "";

/** An image change was held, and the worker has not made its plan yet: usually some 50 ms. */
export function isPlanDue({ deployment, plan, onlyPlan }: Scene): boolean {
  if (onlyPlan) return false;
  const intent = parseIntent(deployment?.metadata.annotations?.[annotations.intent]);
  if (intent === undefined || deployment?.spec?.paused !== true) return false;
  return plan === undefined || (!isLive(plan) && !answers(plan.spec.request?.uid, intent.request.uid));
}

/** Another change was asked for in the middle of this plan, and the worker has not ended it yet. */
export function isOvertaken({ deployment, plan, onlyPlan }: Scene): boolean {
  if (onlyPlan) return false;
  const intent = parseIntent(deployment?.metadata.annotations?.[annotations.intent]);
  if (intent === undefined || deployment?.spec?.paused !== true || plan === undefined) return false;
  const uid = plan.spec.request?.uid;
  // A template that came past the webhook has its digest behind the uid; that plan is the intent's own, too.
  return isLive(plan) && !answers(uid, intent.request.uid) && !uid?.startsWith(`${intent.request.uid}/`);
}

export const hashOf = ({ metadata }: ReplicaSet): string => metadata.labels?.[podTemplateHash] ?? "";

export const revisionOf = ({ metadata }: ReplicaSet): number => Number(metadata.annotations?.[revision] ?? 0);

/** What a revision is to the plan. After the promotion the canary's pods are the stable ones. */
export function tagOf(hash: string, plan: CanaryPlan | undefined): "stable" | "canary" | undefined {
  if (plan === undefined || hash === "") return undefined;
  const promoted = plan.status?.phase === "Promoted" || plan.status?.phase === "Bypassed";
  if (hash === (promoted ? plan.spec.canary.hash : plan.spec.stable.hash)) return "stable";
  return isLive(plan) && hash === plan.spec.canary.hash ? "canary" : undefined;
}
