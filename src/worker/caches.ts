import type { MetricTemplate } from "../api/metricTemplate.ts";
import { labels } from "../api/names.ts";
import { parseMetricTemplate, parsePlan, parsePolicy, parseSidecarPolicy } from "../api/parse.ts";
import { type CanaryPlan, isLive } from "../api/plan.ts";
import type { CanaryPolicy } from "../api/policy.ts";
import type { SidecarPolicy } from "../api/sidecarPolicy.ts";
import { isSharedClaim } from "../core/admission/sharedClaim.ts";
import { sameJson } from "../core/traffic/sameJson.ts";
import { serviceFacts } from "../core/traffic/serviceFacts.ts";
import type { DestinationRuleObject, ServiceFacts, VirtualServiceObject } from "../core/traffic/wire.ts";
import type { Client } from "../kube/client.ts";
import type { Deployment, KubeObject, Namespace, PersistentVolumeClaim, Pod, ReplicaSet, Service } from "../kube/object.ts";
import { type Reflector, reflect, type Trouble } from "../kube/reflector.ts";
import { resources } from "../kube/resources.ts";
import { policyKey } from "./policyStatus.ts";
import {
  type DeploymentProjection,
  type PodProjection,
  projectDeployment,
  projectPod,
  projectReplicaSet,
  projectRouting,
  type ReplicaSetProjection,
} from "./project.ts";

export type Marked<T> = T & { marked: boolean };

export interface NamespaceFacts {
  labels: Record<string, string>;
  deleting: boolean;
}

/** The worker's picture of the cluster. Level-based: an event only says which Deployments to look at again. */
export interface Caches {
  deployments: Reflector<DeploymentProjection>;
  replicaSets: Reflector<ReplicaSetProjection>;
  pods: Reflector<PodProjection>;
  services: Reflector<ServiceFacts>;
  virtualServices: Reflector<Marked<VirtualServiceObject>>;
  destinationRules: Reflector<Marked<DestinationRuleObject>>;
  plans: Reflector<CanaryPlan>;
  policies: Reflector<CanaryPolicy>;
  /** Whether there is a policy of this name that can't be read, as a newer Serin's: it is no policy, and neither is it gone. */
  isUnreadablePolicy(name: string): boolean;
  sidecarPolicies: Reflector<SidecarPolicy>;
  templates: Reflector<MetricTemplate>;
  namespaces: Reflector<NamespaceFacts>;
  /** Whether pods on any node may share it, by PersistentVolumeClaim. */
  claims: Reflector<boolean>;
  all: ReadonlyArray<Reflector<unknown>>;
  /** Seconds since the server last sent anything, by kind; without those that are not installed. */
  ages(): Array<[kind: string, seconds: number]>;
}

export interface CacheEvents {
  /** Look at this Deployment (`namespace/name`) again. */
  look(key: string): void;
  /** A Deployment's stored template changed; for finding changes that came past us. */
  templateChanged(before: DeploymentProjection, after: DeploymentProjection): void;
  /** For what pods must carry: a SidecarPolicy, the labels of a namespace, or whose a ReplicaSet is (by uid) is another. */
  sidecarPolicyChanged(name: string): void;
  namespaceChanged(name: string, before: NamespaceFacts | undefined, after: NamespaceFacts | undefined): void;
  replicaSetChanged(uid: string): void;
  /** A policy, or a plan, is stored anew. */
  policyChanged(policy: CanaryPolicy): void;
  planChanged(plan: CanaryPlan): void;
  /** A plan has ended as it is stored, or is gone. It may be told more than once. */
  planOver(uid: string): void;
  trouble(trouble: Trouble): void;
}

/** In the place of a policy that can't be read. */
const unreadable: unique symbol = Symbol("unreadable");
type Unreadable = typeof unreadable;

export function openCaches(client: Client, events: CacheEvents): Caches {
  const { look, templateChanged, trouble } = events;
  const onTrouble = trouble;
  const deploymentOfPlan = (plan: CanaryPlan) => `${plan.metadata.namespace}/${plan.spec.deployment.name}`;
  const lookAtLive = () => {
    for (const plan of plans.values()) if (isLive(plan)) look(deploymentOfPlan(plan));
  };
  const lookAtOwner = (owner: string | undefined) => {
    if (owner === undefined) return;
    for (const deployment of deployments.index("uid", owner)) look(`${deployment.namespace}/${deployment.name}`);
    for (const plan of plans.index("uid", owner)) look(deploymentOfPlan(plan));
  };
  const lookAtSet = (set: ReplicaSetProjection | undefined) => lookAtOwner(set?.owner);

  const plans = reflect<KubeObject, CanaryPlan>(client, resources.canaryplans, {
    project: (raw) => {
      const parsed = parsePlan(raw);
      return "plan" in parsed ? parsed.plan : undefined;
    },
    onChange: (_key, before, after) => {
      const plan = after ?? before;
      if (plan) look(deploymentOfPlan(plan));
      if (before && before.metadata.uid !== undefined && !(after && isLive(after))) events.planOver(before.metadata.uid);
      if (after) events.planChanged(after);
    },
    indexes: { deployment: (plan) => [deploymentOfPlan(plan)], uid: (plan) => [plan.metadata.uid ?? ""] },
    onTrouble,
  });
  const deployments = reflect<Deployment, DeploymentProjection>(client, resources.deployments, {
    project: projectDeployment,
    onChange: (key, before, after) => {
      if (before && after && before.uid === after.uid && before.digest !== after.digest) templateChanged(before, after);
      look(key);
    },
    indexes: { uid: ({ uid }) => [uid] },
    onTrouble,
  });
  const replicaSets = reflect<ReplicaSet, ReplicaSetProjection>(client, resources.replicasets, {
    project: projectReplicaSet,
    onChange: (_key, before, after) => {
      lookAtSet(before);
      if (after?.owner !== before?.owner || before === undefined) lookAtSet(after);
      else if (before === after) lookAtSet(after);
      if (before?.isOfPlan !== after?.isOfPlan) events.replicaSetChanged((after ?? before)?.uid ?? "");
    },
    indexes: { owner: ({ owner }) => [owner ?? ""], uid: ({ uid }) => [uid] },
    onTrouble,
  });
  const pods = reflect<Pod, PodProjection>(client, resources.pods, {
    project: projectPod,
    onChange: (_key, before, after) => {
      for (const set of replicaSets.index("uid", (after ?? before)?.owner ?? "")) lookAtSet(set);
    },
    indexes: { owner: ({ owner }) => [owner ?? ""] },
    onTrouble,
  });
  const services = reflect<Service, ServiceFacts>(client, resources.services, { project: serviceFacts, onChange: lookAtLive, onTrouble });
  const virtualServices = reflect<KubeObject, Marked<VirtualServiceObject>>(client, resources.virtualservices, {
    project: (raw) => projectRouting<VirtualServiceObject>(raw),
    onChange: lookAtLive,
    onTrouble,
  });
  const destinationRules = reflect<KubeObject, Marked<DestinationRuleObject>>(client, resources.destinationrules, {
    project: (raw) => projectRouting<DestinationRuleObject>(raw),
    onChange: lookAtLive,
    onTrouble,
  });
  const everyPolicy = reflect<KubeObject, CanaryPolicy | Unreadable>(client, resources.canarypolicies, {
    project: (raw) => {
      const { policy, error } = parsePolicy(raw);
      if (policy) return policy;
      onTrouble({ resource: resources.canarypolicies.plural, error: new Error(error), retryInMs: 0 });
      return unreadable;
    },
    onChange: (_key, before, after) => {
      lookAtLive();
      if (!after || after === unreadable) return;
      look(policyKey(after));
      events.policyChanged(after);
      // A shorter history prunes now, not at each Deployment's next change.
      if (before && before !== unreadable && !sameJson(before.spec.history, after.spec.history))
        for (const plan of plans.values()) if (plan.spec.policy?.name === after.metadata.name) look(deploymentOfPlan(plan));
    },
    onTrouble,
  });
  const policies = readable(everyPolicy);
  const sidecarPolicies = reflect<KubeObject, SidecarPolicy>(client, resources.sidecarpolicies, {
    project: (raw) => parseSidecarPolicy(raw).policy,
    onChange: (name) => events.sidecarPolicyChanged(name),
    onTrouble,
  });
  const templates = reflect<KubeObject, MetricTemplate>(client, resources.metrictemplates, {
    project: (raw) => parseMetricTemplate(raw).template,
    onChange: () => {
      for (const policy of policies.values()) look(policyKey(policy));
    },
    onTrouble,
  });
  const namespaces = reflect<Namespace, NamespaceFacts>(client, resources.namespaces, {
    project: ({ metadata }) => ({ labels: metadata.labels ?? {}, deleting: metadata.deletionTimestamp !== undefined }),
    onChange: (name, before, after) => {
      if (!sameJson(before, after)) events.namespaceChanged(name, before, after);
    },
    onTrouble,
  });
  const claims = reflect<PersistentVolumeClaim, boolean>(client, resources.persistentvolumeclaims, {
    project: ({ spec }) => isSharedClaim(spec?.accessModes),
    onTrouble,
  });
  const watched = {
    deployments,
    replicaSets,
    pods,
    services,
    virtualServices,
    destinationRules,
    plans,
    policies,
    templates,
    sidecarPolicies,
    namespaces,
    claims,
  };
  const ages = () =>
    Object.entries(watched).flatMap(
      ([kind, { isInstalled, secondsSinceLastByte }]): Array<[string, number]> => (isInstalled ? [[kind, secondsSinceLastByte()]] : []),
    );
  return { ...watched, isUnreadablePolicy: (name) => everyPolicy.get(name) === unreadable, all: Object.values(watched), ages };
}

/** The same reflector, without what can't be read. */
function readable<T>(all: Reflector<T | Unreadable>): Reflector<T> {
  const isRead = (value: T | Unreadable): value is T => value !== unreadable;
  const get = (key: string): T | undefined => {
    const value = all.get(key);
    return value !== undefined && isRead(value) ? value : undefined;
  };
  return Object.assign(Object.create(all) as Reflector<T>, { get, values: () => all.values().filter(isRead) });
}

/** Whether a routing object is one of ours. */
export const isOurs = (object: { metadata: { labels?: Readonly<Record<string, string>> } }): boolean =>
  object.metadata.labels?.[labels.managedBy] === "serin";
