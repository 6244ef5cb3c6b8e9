import { askedIn, type CanaryPlan, isLive, type Phase } from "../../api/plan.ts";
import type { CanaryPolicy } from "../../api/policy.ts";
import type { SealKey } from "./seal.ts";

/** Everything that admission knows beside the request itself. It comes from caches, which may be behind: see `AdmissionCase`. */
export interface World {
  /** When the request came, RFC 3339. */
  now: string;
  /** Serin's own namespace. */
  ownNamespace: string;
  /** The user name of the worker, whose writes are never touched. */
  workerUser: string;
  policies: readonly CanaryPolicy[];
  /** Undefined: the namespace is newer than the cache. */
  namespaceLabels(namespace: string): Record<string, string> | undefined;
  /** Plans of the Deployment with this uid, in any order. */
  plansOf(deploymentUid: string): readonly PlanFact[];
  /** Plans whose routes are in this VirtualService. */
  plansRouting(namespace: string, virtualService: string): readonly PlanFact[];
  /** Whether a worker has renewed its Lease lately. */
  workerIsAlive: boolean;
  /** The first one signs. Empty: none has been read yet. */
  keys: readonly SealKey[];
  /** Whether pods on any node may share this PersistentVolumeClaim. One that is not known yet counts as ReadWriteOnce. */
  claimIsShared(namespace: string, claim: string): boolean;
}

/** What admission needs to know of a plan. */
export interface PlanFact {
  name: string;
  namespace: string;
  uid: string;
  deploymentUid: string;
  /** Name of the policy that it follows. */
  policy?: string;
  stable: { hash: string; digest: string; images: readonly string[] };
  canary: { hash: string; digest: string };
  phase: Phase;
  /** The phase that an unwinding plan ends in. */
  outcome?: string;
  /** Why it stands where it stands, in a sentence. */
  message: string;
  live: boolean;
  /** Promoted: the canary's ReplicaSet is the Deployment's by now, and new pods of it are stable ones. */
  handedOver: boolean;
  step: { index: number; total: number };
  /** The step now in force is a pause without a duration, and no approval for it is recorded yet. */
  atGate: boolean;
  requestUid?: string;
  /** uids of requests that were overwritten before it and that it records. */
  overwritten: readonly string[];
  /** When it was asked for; plans of one Deployment in this order are its history. */
  askedAt: string;
  /** The Services whose requests it splits, in its own namespace. */
  services: readonly string[];
  /** Routing objects that it edits: `<namespace>/<name>`. */
  routes: readonly string[];
}

/** The projection that the cache keeps: a plan with its policy, journal and restore is a hundred times larger. */
export function planFact(plan: CanaryPlan): PlanFact {
  const { metadata, spec, status } = plan;
  const total = status?.step?.total ?? spec.policy?.spec.steps.length ?? 0;
  const index = status?.step?.index ?? 0;
  const phase = status?.phase ?? "Preparing";
  const asked = askedIn(plan);
  return {
    name: metadata.name,
    namespace: metadata.namespace,
    uid: metadata.uid ?? "",
    deploymentUid: spec.deployment.uid,
    ...(spec.policy === undefined ? {} : { policy: spec.policy.name }),
    stable: { hash: spec.stable.hash, digest: spec.stable.digest, images: spec.stable.images },
    canary: { hash: spec.canary.hash, digest: spec.canary.digest },
    phase,
    ...(status?.outcome === undefined ? {} : { outcome: status.outcome }),
    message: status?.message ?? "",
    live: isLive(plan),
    handedOver: phase === "Promoting" && afterHandOver.has(status?.stage ?? ""),
    step: { index, total },
    atGate: isAtGate(plan, index),
    ...(asked === undefined ? {} : { requestUid: asked.uid }),
    overwritten: (spec.overwritten ?? []).map(({ uid }) => uid),
    askedAt: asked?.at ?? metadata.creationTimestamp ?? "",
    services: status?.services ?? [],
    routes: (status?.routes ?? []).map((route) => `${route.namespace}/${route.name}`),
  };
}

/** What a promotion waits for once the canary's ReplicaSet is the Deployment's (`core/plan/promote.ts`). */
const afterHandOver = new Set(["unhold", "complete", "delay", "lower", "unroute", "giveBack"]);

function isAtGate({ spec, status }: CanaryPlan, index: number): boolean {
  if (status?.phase !== "Paused" && status?.phase !== "Progressing") return false;
  const pause = spec.policy?.spec.steps[index]?.pause;
  const isApproved = (status.approvals ?? []).some((approval) => approval.step === index);
  return pause !== undefined && pause.duration === undefined && !isApproved;
}
