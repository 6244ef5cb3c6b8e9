import { systemNamespace, workerServiceAccount } from "../api/names.ts";
import { parsePolicy } from "../api/parse.ts";
import type { CanaryPlan } from "../api/plan.ts";
import type { CanaryPolicy } from "../api/policy.ts";
import type { ReviewedDeployment } from "../core/admission/deploymentReview.ts";
import { isSharedClaim } from "../core/admission/sharedClaim.ts";
import { claimsIn } from "../core/admission/twoVersions.ts";
import { planFact, type World } from "../core/admission/world.ts";
import { selectsPods, serviceFacts } from "../core/traffic/serviceFacts.ts";
import type { DestinationRuleObject, ServiceFacts, VirtualServiceObject } from "../core/traffic/wire.ts";
import { isForbidden, isKindNotInstalled } from "../kube/apiError.ts";
import type { Deployment, KubeObject, Namespace, PersistentVolumeClaim, Service } from "../kube/object.ts";
import { type Resource, resources } from "../kube/resources.ts";
import type { Cluster } from "./io.ts";
import { plansOf } from "./lookUp.ts";

type Reader = Cluster["client"];

/** A Deployment with all that admission and routing would look at. */
export interface Around {
  deployment: ReviewedDeployment;
  /** A worker counts as alive: whether one is, is a matter of the moment. */
  world: Omit<World, "keys">;
  /** Policies that can't be used, each with the sentence that says why. */
  unusable: Array<{ name: string; why: string }>;
  routing: Routing;
}

export interface Routing {
  services: ServiceFacts[];
  virtualServices: VirtualServiceObject[];
  destinationRules: DestinationRuleObject[];
  istio: boolean;
  /** Only this namespace's routes may be read by this person. */
  partial: boolean;
}

/** What was read of one namespace, for any of its Deployments. */
export interface Facts {
  /** Milliseconds since the epoch. */
  now: number;
  policies: CanaryPolicy[];
  /** Policies that can't be used. */
  unusable: Around["unusable"];
  plans: readonly CanaryPlan[];
  /** Undefined: it may not be read; then only its name is known. */
  space: Namespace | undefined;
  claims: readonly PersistentVolumeClaim[];
  services: readonly Service[];
  routes: Omit<Routing, "services">;
}

/** Undefined: there is no such Deployment. @throws ApiError when the person may not read policies */
export async function lookAround(client: Reader, namespace: string, name: string, now: number): Promise<Around | undefined> {
  const deployment = await client.get<Deployment>(resources.deployments, name, namespace);
  if (deployment === undefined) return undefined;
  const reviewed = deployment as unknown as ReviewedDeployment;
  const [policies, plans, space, claims, services, routes] = await Promise.all([
    readPolicies(client),
    plansOf(client, namespace, name),
    readable(client.get<Namespace>(resources.namespaces, namespace)),
    claimsIn(reviewed.spec.template).length === 0 ? undefined : readClaims(client, namespace),
    client.list<Service>(resources.services, { namespace }),
    readRoutes(client, namespace),
  ]);
  return aroundOf(reviewed, { now, ...policies, plans, space, claims: claims ?? [], services: services.items, routes });
}

/** Puts together what admission and routing would look at. */
export function aroundOf(deployment: ReviewedDeployment, facts: Facts): Around {
  const { now, policies, unusable, space, claims, services, routes } = facts;
  const podLabels = deployment.spec.template.metadata?.labels ?? {};
  const plans = facts.plans.map(planFact);
  return {
    deployment,
    world: {
      now: new Date(now).toISOString(),
      ownNamespace: systemNamespace,
      workerUser: `system:serviceaccount:${systemNamespace}:${workerServiceAccount}`,
      policies,
      namespaceLabels: () => space && (space.metadata.labels ?? {}),
      plansOf: (uid) => plans.filter((fact) => fact.deploymentUid === uid),
      plansRouting: () => [],
      workerIsAlive: true,
      claimIsShared: (_, claim) => claims.some(({ metadata, spec }) => metadata.name === claim && isSharedClaim(spec?.accessModes)),
    },
    unusable,
    routing: {
      ...routes,
      services: services.flatMap((item) => serviceFacts(item) ?? []).filter((service) => selectsPods(service, podLabels)),
    },
  };
}

/** @throws ApiError when the person may not read them */
export async function readPolicies(client: Reader): Promise<Pick<Facts, "policies" | "unusable">> {
  const { items } = await client.list<KubeObject>(resources.canarypolicies);
  const parsed = items.map((item) => ({ name: item.metadata.name ?? "", ...parsePolicy(item) }));
  return {
    policies: parsed.flatMap(({ policy }) => policy ?? []),
    unusable: parsed.flatMap(({ name, error }) => (error === undefined ? [] : [{ name, why: error }])),
  };
}

export const readClaims = async (client: Reader, namespace: string): Promise<PersistentVolumeClaim[]> =>
  (await readable(client.list<PersistentVolumeClaim>(resources.persistentvolumeclaims, { namespace })))?.items ?? [];

/** A person may edit Deployments of a namespace and not read the namespace itself; then only its name is known. */
export const readable = <T>(reading: Promise<T>): Promise<T | undefined> =>
  reading.catch((error: unknown) => {
    if (isForbidden(error)) return undefined;
    throw error;
  });

/** Of all namespaces where the person may see them, since a route may stand anywhere. */
export async function readRoutes(client: Reader, namespace: string): Promise<Facts["routes"]> {
  const [virtualServices, destinationRules] = await Promise.all([
    everywhere<VirtualServiceObject>(client, resources.virtualservices, namespace),
    everywhere<DestinationRuleObject>(client, resources.destinationrules, namespace),
  ]);
  return {
    virtualServices: virtualServices.items,
    destinationRules: destinationRules.items,
    istio: virtualServices.installed && destinationRules.installed,
    partial: virtualServices.partial || destinationRules.partial,
  };
}

/** Of all namespaces, or of this one where that is all that the person may see. */
async function everywhere<T extends VirtualServiceObject | DestinationRuleObject>(client: Reader, resource: Resource, namespace: string) {
  const read = async (of: { namespace?: string }) => (await client.list<KubeObject>(resource, of)).items as unknown as T[];
  try {
    return { items: await read({}), installed: true, partial: false };
  } catch (error) {
    if (isKindNotInstalled(error)) return { items: [], installed: false, partial: false };
    if (!isForbidden(error)) throw error;
    return { items: await read({ namespace }), installed: true, partial: true };
  }
}
