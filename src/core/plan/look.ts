import type { CanaryPlan, PlanSpec, PlanStatus } from "../../api/plan.ts";
import type { PolicySpec } from "../../api/policy.ts";
import { answers, requestUid } from "./requestUid.ts";
import type { DeploymentFacts, PodFacts, ReplicaSetFacts, Snapshot } from "./snapshot.ts";

/** A plan's snapshot with the names that decisions speak of. */
export interface Look {
  snapshot: Snapshot;
  plan: CanaryPlan;
  spec: PlanSpec;
  policy: PolicySpec;
  deployment: DeploymentFacts | undefined;
  stable: ReplicaSetFacts | undefined;
  canary: ReplicaSetFacts | undefined;
  /** Pods of each revision that are not on their way out. */
  stablePods: readonly PodFacts[];
  canaryPods: readonly PodFacts[];
  /** The canary's ReplicaSet belongs to the Deployment: there is no way back but a new change. */
  handedOver: boolean;
  /** The stable ReplicaSet belongs to the plan. */
  inCustody: boolean;
  /** The Deployment asks for something else than this plan's canary, or asks again. */
  askedElse: "stable" | "other" | "again" | undefined;
}

export function lookAt(snapshot: Snapshot, plan: CanaryPlan, policy: PolicySpec): Look {
  const { spec } = plan;
  const deployment = snapshot.deployment?.uid === spec.deployment.uid ? snapshot.deployment : undefined;
  const stable = snapshot.replicaSets.find((set) => set.hash === spec.stable.hash);
  // A change that was taken back before it began has no canary: what its hash names is stable.
  const began = spec.canary.digest !== spec.stable.digest;
  const canary = began ? snapshot.replicaSets.find((set) => set.hash === spec.canary.hash) : undefined;
  const podsOf = (hash: string) => snapshot.pods.filter((pod) => pod.hash === hash && !pod.deleting);
  return {
    snapshot,
    plan,
    spec,
    policy,
    deployment,
    stable,
    canary,
    stablePods: podsOf(spec.stable.hash),
    canaryPods: began ? podsOf(spec.canary.hash) : [],
    handedOver: canary !== undefined && deployment !== undefined && canary.owner === deployment.uid && plan.status?.phase === "Promoting",
    inCustody: stable !== undefined && stable.owner === plan.metadata.uid,
    askedElse: askedElse(plan, deployment, snapshot),
  };
}

function askedElse(plan: CanaryPlan, deployment: DeploymentFacts | undefined, snapshot: Snapshot): Look["askedElse"] {
  if (!deployment) return undefined;
  if (deployment.digest === plan.spec.stable.digest) return "stable";
  if (deployment.digest !== plan.spec.canary.digest) return "other";
  const asked = snapshot.intent && requestUid(snapshot.intent, deployment.digest);
  return asked !== undefined && !answers(plan.spec.request?.uid, asked) ? "again" : undefined;
}

export const readyOf = (pods: readonly PodFacts[]): number => pods.filter((pod) => pod.ready).length;

/** Whether every proxy has surely heard of the last change. */
export const settledAt = (snapshot: Snapshot): number => snapshot.trafficChangedAt + snapshot.settle.ms;

/**
 * "3 of 4 canary pods ready: web-7f9-x1 CrashLoopBackOff (4 restarts)". Those whose state has a name come first; pods that could not even be made
 * (a quota, an admission webhook) are told in the words of the ReplicaSet.
 */
export function podsInWords({ canaryPods: pods, canary }: Look, needed: number): string {
  const unready = pods.filter((pod) => !pod.ready).sort((a, b) => Number(b.waiting !== undefined) - Number(a.waiting !== undefined));
  const told = unready
    .slice(0, 3)
    .map((pod) => `${pod.name} ${pod.waiting ?? "not ready"}${pod.restarts > 0 ? ` (${countOf(pod.restarts, "restart")})` : ""}`);
  if (pods.length < needed) told.push(`${pods.length} of ${needed} made${canary?.failure === undefined ? "" : ` (${canary.failure})`}`);
  return `${readyOf(pods)} of ${needed} canary pods ready${told.length === 0 ? "" : `: ${told.join(", ")}`}`;
}

/** The status of a plan that nobody has looked at yet. */
export function firstStatus(plan: CanaryPlan, now: number): PlanStatus {
  return {
    phase: "Preparing",
    reason: "PlanCreated",
    message: "the plan was made",
    startedAt: new Date(now).toISOString(),
    step: stepAt(0, plan.spec.policy?.spec.steps.length ?? 0),
    weight: { desired: 0 },
  };
}

/** A step of so many, with its label for the column STEP: how many are done. */
export const stepAt = (index: number, total: number) => ({ index, total, label: `${index}/${total}` });

export const podsInCount = (count: number): string => countOf(count, "pod");

const countOf = (count: number, what: string): string => (count === 1 ? `1 ${what}` : `${count} ${what}s`);
