import type { Approval, Intent } from "../../api/intent.ts";
import type { Passage } from "../../api/passage.ts";
import type { CanaryPlan } from "../../api/plan.ts";
import type { CanaryPolicy } from "../../api/policy.ts";
import type { PastPlan } from "../admission/rollbackWindow.ts";
import type { Standing, Standings } from "../admission/stamp.ts";
import type { PlanFact } from "../admission/world.ts";
import type { CountsAnswer, MetricAnswer } from "../analysis/answer.ts";
import type { Templates } from "../analysis/templates.ts";
import type { DestinationRuleObject, ServiceFacts, VirtualServiceObject } from "../traffic/wire.ts";

/** Everything that a decision about one Deployment is made from: what the caches hold, what this worker measured, and the time. */
export interface Snapshot {
  /** Milliseconds since the epoch. */
  now: number;
  /** The time as other processes have it: for what the webhook has dated. Milliseconds since the epoch. */
  wall: number;
  namespace: string;
  name: string;
  /** Serin is being uninstalled, or the kind of its plans is: nothing begins, and all that is under way goes back to stable. */
  leaving: boolean;
  /** Undefined: there is none (any more). */
  deployment: DeploymentFacts | undefined;
  /** The intent on the Deployment, if its signature is ours and it names this Deployment. */
  intent: Intent | undefined;
  /** The note on the Deployment of who asked for a change that was let through, if its signature is ours and it names this Deployment. `unread`: its key is not known yet. */
  passage: Passage | "unread" | undefined;
  /** The live plan of this Deployment. There is at most one: the next is only made after it ended. */
  plan: CanaryPlan | undefined;
  /** The plan that belongs to the intent, live or ended: one request never gets two plans. */
  planOfIntent: CanaryPlan | undefined;
  /** Plans that ended Held and may still hold the Deployment: they keep their finalizer until something else is asked for. */
  heldPlans: readonly CanaryPlan[];
  /** uids of the requests that some plan records: as its own, or as overwritten before it. */
  plannedRequests: ReadonlySet<string>;
  /** The latest ended plan of the same template. */
  previous: CanaryPlan | undefined;
  /** Ended plans of this Deployment, in any order: which templates served, and how they came to. */
  history: readonly (PastPlan & Pick<PlanFact, "name" | "requestUid">)[];
  /** The approval on the Deployment, if its signature is ours. */
  approval: Approval | undefined;
  /** Whose each wish in `spec.control` of the live plan is, by the webhook's stamp. */
  stamps: Standings;
  /** The same of a retry that is asked of `previous`. */
  retryStamp: Standing | undefined;
  /** The policy of the plan (or, without a plan, of the intent or the note) as it is now. */
  policy: CanaryPolicy | undefined;
  /** The MetricTemplates of the cluster by name, for a plan that is being made. */
  templates: Templates;
  /** ReplicaSets owned by the Deployment or by the plan. */
  replicaSets: readonly ReplicaSetFacts[];
  /** Pods of those ReplicaSets. */
  pods: readonly PodFacts[];
  /** Services of the namespace that select the Deployment's pods. */
  services: readonly ServiceFacts[];
  /** VirtualServices of any namespace that route to those Services, and ours. */
  virtualServices: readonly VirtualServiceObject[];
  /** Those of the team's VirtualServices where our name still stands in managedFields. */
  markedRoutes: readonly VirtualServiceObject[];
  /** DestinationRules of any namespace for those Services, ours among them, and mesh-wide ones. */
  destinationRules: readonly DestinationRuleObject[];
  /** Whether Istio's kinds are installed. */
  istio: boolean;
  /** How long a change needs until every proxy has surely heard of it, in milliseconds, and where that comes from. */
  settle: { ms: number; message: string };
  /** When this worker last changed routing or removed pods, in milliseconds since the epoch; its start when it has not. */
  trafficChangedAt: number;
  /** When the number of ready canary pods last rose, in milliseconds since the epoch. */
  podsReadyAt: number;
  /** When a dropped split was last put back, and how often in this plan. */
  repairs: { count: number; lastAt: number };
  /** Requests counted by revision since the last change settled; undefined while nothing could be counted. */
  shift: { canary: number; stable: number; total: number } | undefined;
  /** Whether requests have been counted lately, whatever the weight: then there is something to wait for. */
  flowing: boolean;
  /** Answers of Prometheus that no decision has looked at yet. */
  answers: readonly Answered[];
  /** Keys (`metricKey`) of measurements that are under way. */
  inFlight: ReadonlySet<string>;
}

export interface DeploymentFacts {
  uid: string;
  resourceVersion: string;
  generation: number;
  deleting: boolean;
  /** spec.replicas. */
  replicas: number;
  paused: boolean;
  /** `templateDigest` of spec.template. */
  digest: string;
  images: readonly string[];
  templateLabels: Readonly<Record<string, string>>;
  /** An intent is on it, genuine or not: the pause is, or was, a hold. */
  carriesIntent: boolean;
  /** The note of a change that was let through is on it, genuine or not. */
  carriesPassage: boolean;
  /** Whether an approval or the marker of the MutatingAdmissionPolicy is on it. */
  asked: boolean;
  /** Whether annotations of ours are on it that are only for the next change. */
  traces: boolean;
  /** Our name still stands in managedFields: a crash came between a write and the one that gives the fields back. */
  marked: boolean;
  observedGeneration: number;
  updatedReplicas: number;
  availableReplicas: number;
  /** Whether the status says that the rollout failed (ours, design §3 fact 3). */
  failureShown: boolean;
}

export interface ReplicaSetFacts {
  name: string;
  uid: string;
  resourceVersion: string;
  deleting: boolean;
  /** uid of the controller owner. */
  owner: string | undefined;
  /** Value of the pod-template-hash label. */
  hash: string;
  digest: string;
  images: readonly string[];
  /** Name of the plan that made it; undefined for those that the Deployment controller made. */
  madeBy: string | undefined;
  /** Carries annotations of ours: the controller copies those of a Deployment to the ReplicaSet of its template, and never takes one back. */
  noted: boolean;
  /** Carries our finalizer. */
  kept: boolean;
  /** spec.replicas. */
  replicas: number;
  ready: number;
  /** Ready for minReadySeconds. */
  available: number;
  /** Why the controller can't make its pods, in the API server's words. */
  failure: string | undefined;
  /** The Deployment's revision number, 0 when it has none. */
  revision: number;
  createdAt: string;
}

export interface PodFacts {
  name: string;
  hash: string;
  /** What Istio's metrics call its version. */
  revision: string;
  ready: boolean;
  deleting: boolean;
  /** Why a container waits: CrashLoopBackOff, ImagePullBackOff … */
  waiting: string | undefined;
  restarts: number;
}

/** An answer of Prometheus to one measurement. */
export interface Answered {
  /** See `metricKey`. */
  key: string;
  startedAt: number;
  finishedAt: number;
  /** The canary's weight when it was asked. */
  weight: number;
  /** Of what is counted all along: the start of the metric's run that it was counted for, as its status has it. */
  run?: string;
  /** Whether it was a closing look (design §8). */
  closing: boolean;
  answer: MetricAnswer | CountsAnswer;
}

/** Names one metric of a plan: background metrics by name, those of an analysis step with its index. */
export const metricKey = (name: string, step?: number): string => (step === undefined ? name : `${step}/${name}`);
