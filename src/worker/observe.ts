import type { Intent } from "../api/intent.ts";
import { apiVersion, finalizers } from "../api/names.ts";
import { type CanaryPlan, isLive } from "../api/plan.ts";
import { planName } from "../api/planName.ts";
import { requestUidsOf } from "../api/planRequests.ts";
import type { CanaryPolicy } from "../api/policy.ts";
import { openApproval, openIntent, readPassage, type SealKey } from "../core/admission/seal.ts";
import { standingsOf } from "../core/admission/stamp.ts";
import { planFact } from "../core/admission/world.ts";
import { canaryRevision, stableRevision } from "../core/analysis/builtin/canaryRevision.ts";
import { shares } from "../core/analysis/shift.ts";
import { inTime } from "../core/plan/inTime.ts";
import { answers, requestUid } from "../core/plan/requestUid.ts";
import type { PodFacts, ReplicaSetFacts, Snapshot } from "../core/plan/snapshot.ts";
import { routesTo } from "../core/traffic/routes.ts";
import { selectsPods } from "../core/traffic/serviceFacts.ts";
import type { ServiceFacts, VirtualServiceObject } from "../core/traffic/wire.ts";
import { type Caches, isOurs } from "./caches.ts";
import { type Memories, readySince } from "./memory.ts";
import type { DeploymentProjection } from "./project.ts";

export interface Senses {
  caches: Caches;
  memories: Memories;
  keys(): readonly SealKey[];
  settle(setting: string): { ms: number; message: string };
  /** Serin is being uninstalled. */
  isLeaving(): boolean;
  /** uids of the requests on this Deployment (`namespace/name`) that were let through and whose record this worker has stored. */
  recorded(key: string): readonly string[];
  /** Of this worker; it never goes back. Milliseconds since the epoch. */
  now(): number;
  /** As other processes have it. */
  wall(): number;
}

/** Requests that were last counted so long ago no longer flow; two scrapes of the usual 15 s fit. */
const flowingMs = 30_000;

/** Reads the caches and this worker's memory into one value. No I/O: everything is here already. */
export function observe(key: string, { caches, memories, keys, settle, isLeaving, recorded, now, wall }: Senses): Snapshot {
  const [namespace = "", name = ""] = key.split("/");
  const at = now();
  const deployment = caches.deployments.get(key);
  const plans = caches.plans.index("deployment", key);
  const plan = overlaid(livePlan(plans), memories, at);
  // Of a Deployment that is gone, too: its stable ReplicaSet may still be kept for a plan.
  const owners = new Set([deployment?.uid, ...plans.map(({ spec }) => spec.deployment.uid), plan?.metadata.uid]);
  const intent = openIntent(deployment?.intent, deployment?.uid, keys());
  const memory = memories.get(plan?.metadata.uid);
  const replicaSets = [...owners].flatMap((owner) => (owner ? caches.replicaSets.index("owner", owner) : []));
  const pods: readonly PodFacts[] = replicaSets.flatMap(({ uid: owner }) => caches.pods.index("owner", owner));
  const ready = pods.filter((pod) => pod.hash === plan?.spec.canary.hash && pod.ready && !pod.deleting).length;
  if (plan && memory) {
    memory.revision = canaryRevision(pods, plan.spec.canary.hash);
    memory.stableRevision = stableRevision(pods, plan.spec.stable.hash);
  }
  const services = servicesOf(namespace, deployment, plan, caches);
  const passage = readPassage(deployment?.passage, deployment?.uid, keys(), wall());
  const noted = passage === "unread" ? undefined : passage;
  const policyName = plan?.spec.policy?.name ?? intent?.policy ?? noted?.policy.name;
  const previous = previousPlan(plans, plan, plan?.spec.canary.digest ?? deployment?.digest);
  const shift = memory?.shift === undefined ? undefined : shares(memory.shift);
  return {
    now: at,
    wall: wall(),
    namespace,
    name,
    leaving: isLeaving() || caches.plans.isGone,
    deployment,
    intent,
    plan,
    passage,
    planOfIntent: intent && planOf(intent, deployment?.digest ?? "", plans, name),
    heldPlans: plans.filter(({ metadata, status }) => status?.phase === "Held" && metadata.finalizers?.includes(finalizers.plan)),
    plannedRequests: new Set([...plans.flatMap(requestUidsOf), ...recorded(key)]),
    previous,
    history: plans.filter((each) => !isLive(each) && each.spec.deployment.uid === deployment?.uid).map(planFact),
    approval: plan && openApproval(deployment?.approval, plan.metadata.name, keys()),
    stamps: plan ? standingsOf(plan, keys(), wall()) : {},
    retryStamp: previous && standingsOf(previous, keys(), wall()).retry,
    policy: policyName === undefined ? undefined : (caches.policies.get(policyName) ?? asThePlanKnowsIt(plan, caches)),
    templates: (template) => caches.templates.get(template),
    replicaSets: replicaSets as readonly ReplicaSetFacts[],
    pods,
    services,
    virtualServices: plan ? routesFor(services, caches) : [],
    markedRoutes: plan
      ? routesFor(services, caches).filter((route) => !isOurs(route) && (route as { marked?: boolean }).marked === true)
      : [],
    destinationRules: plan ? caches.destinationRules.values() : [],
    istio: caches.virtualServices.isInstalled && caches.destinationRules.isInstalled,
    settle: settle(plan?.spec.policy?.spec.traffic.settle ?? "Auto"),
    trafficChangedAt: memory?.trafficChangedAt ?? at,
    podsReadyAt: memory === undefined ? at : readySince(memory, ready, at),
    repairs: memory?.repairs ?? { count: 0, lastAt: 0 },
    shift,
    flowing: memory !== undefined && at - memory.flow.at <= flowingMs,
    answers: memory?.answers ?? [],
    inFlight: memory?.inFlight ?? new Set(),
  };
}

/** A policy that can't be read is not gone: somebody may have written what only a newer Serin knows, in the middle of an upgrade. */
function asThePlanKnowsIt(plan: CanaryPlan | undefined, caches: Caches): CanaryPolicy | undefined {
  const { policy } = plan?.spec ?? {};
  if (!policy || !caches.isUnreadablePolicy(policy.name)) return undefined;
  return { apiVersion, kind: "CanaryPolicy", metadata: { name: policy.name, generation: policy.generation }, spec: policy.spec };
}

/** The plan of what is asked for: by its name, or the latest retry of it where that record is gone. */
function planOf(intent: Intent, digest: string, plans: readonly CanaryPlan[], deployment: string): CanaryPlan | undefined {
  const asked = requestUid(intent, digest);
  const named = plans.find(({ metadata }) => metadata.name === planName(deployment, asked));
  if (named) return named;
  const retries = plans.filter(({ spec }) => spec.canary.digest === digest && answers(spec.request?.uid, asked));
  return retries.sort((a, b) => (askedAt(a) < askedAt(b) ? 1 : -1))[0];
}

const askedAt = (plan: CanaryPlan): string => plan.spec.request?.at ?? String(plan.metadata.creationTimestamp);

/** The one plan that moves; else an ended one that still has its finalizer and not for a reason, or a record that nobody has written into. */
export function livePlan(plans: readonly CanaryPlan[]): CanaryPlan | undefined {
  const byAge = [...plans].sort((a, b) => (String(a.metadata.creationTimestamp) < String(b.metadata.creationTimestamp) ? -1 : 1));
  const isLeft = ({ metadata, status }: CanaryPlan) =>
    status === undefined || (status.phase !== "Held" && (metadata.finalizers?.includes(finalizers.plan) ?? false));
  return byAge.find(isLive) ?? byAge.find(isLeft);
}

/** The stored status may lag behind what this worker decided by what is not significant. */
function overlaid(plan: CanaryPlan | undefined, memories: Memories, now: number): CanaryPlan | undefined {
  if (!plan) return undefined;
  const { uid = "" } = plan.metadata;
  const { status } = memories.get(uid) ?? memories.of(uid, now, plan.status && inTime(plan.status, now));
  return status === undefined ? plan : { ...plan, status };
}

/** Only the latest plan of the template counts: one that was retried and promoted is good (`failedBefore` in core/admission asks the same). */
function previousPlan(plans: readonly CanaryPlan[], live: CanaryPlan | undefined, digest: string | undefined): CanaryPlan | undefined {
  return plans
    .filter(
      (plan) =>
        plan.metadata.uid !== live?.metadata.uid &&
        !isLive(plan) &&
        plan.status?.phase !== "Bypassed" &&
        plan.spec.canary.digest === digest,
    )
    .sort((a, b) => (askedAt(a) < askedAt(b) ? 1 : -1))[0];
}

/**
 * The Services that select the pods, and those that the plan has recorded: while one is gone, or its selector is another, routes to it still carry the
 * split. Until it is back nothing is known of it but its name.
 */
function servicesOf(
  namespace: string,
  deployment: DeploymentProjection | undefined,
  plan: CanaryPlan | undefined,
  caches: Caches,
): ServiceFacts[] {
  const recorded = plan?.status?.services ?? [];
  const present = caches.services.byNamespace(namespace);
  const selecting = present.filter((service) => deployment !== undefined && selectsPods(service, deployment.templateLabels));
  const others = recorded.filter((name) => !selecting.some((service) => service.name === name));
  const gone = (name: string): ServiceFacts => ({ namespace, name, selector: {}, ports: [] });
  return [...selecting, ...others.map((name) => present.find((service) => service.name === name) ?? gone(name))];
}

function routesFor(services: readonly ServiceFacts[], caches: Caches): VirtualServiceObject[] {
  if (services.length === 0) return [];
  const wildcard = (route: VirtualServiceObject) => (route.spec.hosts ?? []).some((host) => host.includes("*"));
  return caches.virtualServices
    .values()
    .filter(
      (route) =>
        isOurs(route) ||
        wildcard(route) ||
        routesTo(route.spec, { namespace: route.metadata.namespace, hosts: services }).length > 0 ||
        coversByHost(route, services),
    );
}

/** A VirtualService that has the Service's host but routes elsewhere still covers callers in the mesh. */
const coversByHost = (route: VirtualServiceObject, services: readonly ServiceFacts[]): boolean =>
  (route.spec.hosts ?? []).some((host) => services.some(({ name }) => host === name || host.startsWith(`${name}.`)));
