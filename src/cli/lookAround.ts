import { systemNamespace, workerServiceAccount } from "../api/names.ts";
import { parsePolicy } from "../api/parse.ts";

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

/** Undefined: there is no such Deployment. @throws ApiError when the person may not read policies */
export async function lookAround(client: Reader, namespace: string, name: string, now: number): Promise<Around | undefined> {
  const deployment = await client.get<Deployment>(resources.deployments, name, namespace);
  if (deployment === undefined) return undefined;
  const reviewed = deployment as unknown as ReviewedDeployment;
  const [policies, plans, space, claims, routing] = await Promise.all([
    client.list<KubeObject>(resources.canarypolicies),
    plansOf(client, namespace, name),
    readable(client.get<Namespace>(resources.namespaces, namespace)),
    claimsIn(reviewed.spec.template).length === 0
      ? undefined
      : readable(client.list<PersistentVolumeClaim>(resources.persistentvolumeclaims, { namespace })),
    routingOf(client, namespace, reviewed.spec.template.metadata?.labels ?? {}),
  ]);
  const parsed = policies.items.map((item) => ({ name: item.metadata.name ?? "", ...parsePolicy(item) }));
  const facts = plans.map(planFact);
  return {
    deployment: reviewed,
    world: {
      now: new Date(now).toISOString(),
      ownNamespace: systemNamespace,
      workerUser: `system:serviceaccount:${systemNamespace}:${workerServiceAccount}`,
      policies: parsed.flatMap(({ policy }) => policy ?? []),
      namespaceLabels: () => space && (space.metadata.labels ?? {}),
      plansOf: (uid) => facts.filter((fact) => fact.deploymentUid === uid),
      plansRouting: () => [],
      workerIsAlive: true,
      claimIsShared: (_, claim) =>
        claims?.items.some(({ metadata, spec }) => metadata.name === claim && isSharedClaim(spec?.accessModes)) ?? false,
    },
    unusable: parsed.flatMap(({ name: of, error }) => (error === undefined ? [] : [{ name: of, why: error }])),
    routing,
  };
}

/** A person may edit Deployments of a namespace and not read the namespace itself; then only its name is known. */
const readable = <T>(reading: Promise<T>): Promise<T | undefined> =>
  reading.catch((error: unknown) => {
    if (isForbidden(error)) return undefined;
    throw error;
  });

async function routingOf(client: Reader, namespace: string, podLabels: Readonly<Record<string, string>>): Promise<Routing> {
  const [services, virtualServices, destinationRules] = await Promise.all([
    client.list<Service>(resources.services, { namespace }),
    everywhere<VirtualServiceObject>(client, resources.virtualservices, namespace),
    everywhere<DestinationRuleObject>(client, resources.destinationrules, namespace),
  ]);
  return {
    services: services.items.flatMap((item) => serviceFacts(item) ?? []).filter((service) => selectsPods(service, podLabels)),
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
