import { labels } from "../../api/names.ts";
import type { RouteRecord } from "../../api/plan.ts";
import { isOurs, type Ours, type ServiceName } from "../traffic/hosts.ts";
import { meshVirtualServiceFor } from "../traffic/mesh.ts";
import { ruleName } from "../traffic/revisionSubset.ts";
import { allRoutes, destinationsOf, routesTo } from "../traffic/routes.ts";
import { rulesInTheWay } from "../traffic/rulesInTheWay.ts";
import { sameJson } from "../traffic/sameJson.ts";
import { splitVirtualService } from "../traffic/split.ts";
import { destinationRuleFor, subsetsEqual } from "../traffic/subsets.ts";
import { hasSplit, restoreVirtualService } from "../traffic/unsplit.ts";
import { classifyWaysIn, type WayIn } from "../traffic/waysIn.ts";
import { weightsOf } from "../traffic/weights.ts";
import type { DestinationRuleObject, VirtualServiceObject, VirtualServiceSpec } from "../traffic/wire.ts";
import type { Action } from "./action.ts";
import type { Look } from "./look.ts";
import type { Snapshot } from "./snapshot.ts";

/** What routing is decided from: less than a whole look, so that it can be foreseen before there is a plan. */
export interface RouteLook {
  snapshot: Pick<Snapshot, "services" | "virtualServices" | "destinationRules" | "istio">;
  plan: Pick<Look["plan"], "status">;
  policy: Look["policy"];
  deployment: Pick<NonNullable<Look["deployment"]>, "templateLabels"> | undefined;
}

/** How the split is made: by routes, or by the number of pods where no route can be had. */
export type Way = "routes" | "podCount" | "none";

export const isOurRoute = (route: VirtualServiceObject): boolean => route.metadata.labels?.[labels.managedBy] === "serin";

/** The team's VirtualServices that route to our Services. */
export const teamRoutes = (look: RouteLook): VirtualServiceObject[] =>
  look.snapshot.virtualServices.filter(
    (route) => !isOurRoute(route) && routesTo(route.spec, ours(look, route.metadata.namespace)).length > 0,
  );

const ourRoutes = (look: Look): VirtualServiceObject[] =>
  look.snapshot.virtualServices.filter(
    (route) =>
      isOurRoute(route) &&
      services(look).some((service) => service.namespace === route.metadata.namespace && route.metadata.name === ruleName(service.name)),
  );

const services = (look: RouteLook) => look.snapshot.services;
const hosts = (look: RouteLook): ServiceName[] => services(look).map(({ name, namespace }) => ({ name, namespace }));

function ours(look: RouteLook, namespace: string): Ours {
  return { namespace, hosts: hosts(look), teamSubsets: teamSubsets(look) };
}

/** Istio's root namespace: rules in it are for the whole mesh. */
const rootNamespace = "istio-system";

const teamRules = (look: RouteLook): DestinationRuleObject[] =>
  look.snapshot.destinationRules.filter((rule) => rule.metadata.labels?.[labels.managedBy] !== "serin");

const teamSubsets = (look: RouteLook): string[] =>
  teamRules(look).flatMap((rule) => (rule.spec.subsets ?? []).map((subset) => subset.name));

/** The team's own subsets that its routes to our Services name; each is split further. */
function teamSubsetsUsed(look: RouteLook): string[] {
  const used = teamRoutes(look).flatMap((route) => {
    const here = ours(look, route.metadata.namespace);
    const original = originalOf(look, route) ?? route.spec;
    return allRoutes(original)
      .flatMap((entry) => destinationsOf(entry.route))
      .flatMap((destination) => (isOurs(destination, here) && destination.subset !== undefined ? [destination.subset] : []));
  });
  return [...new Set(used)];
}

/** Namespaces whose proxies will name our subsets: those of the routes and of their gateways. */
function callers(look: Look): string[] {
  const namespaces = teamRoutes(look).flatMap((route) => [
    route.metadata.namespace,
    ...(route.spec.gateways ?? []).flatMap((gateway) => (gateway.includes("/") ? [gateway.split("/")[0] ?? ""] : [])),
  ]);
  return [...new Set(namespaces)];
}

/** `withoutRoute` of the policy decides where no VirtualService routes to the Deployment's Services. */
export function wayOf(look: RouteLook): Way {
  if (services(look).length === 0 || !look.snapshot.istio) return look.policy.traffic.withoutRoute === "Deny" ? "none" : "podCount";
  if (teamRoutes(look).length > 0 || (look.plan.status?.routes ?? []).length > 0) return "routes";
  if (look.policy.traffic.withoutRoute === "Mesh") return "routes";
  return look.policy.traffic.withoutRoute === "Deny" ? "none" : "podCount";
}

/** The DestinationRules of ours that should exist while the plan lives. */
export function wantedRules(look: Look): DestinationRuleObject[] {
  const { spec, plan } = look;
  return services(look).map((service) =>
    destinationRuleFor(service, {
      stable: spec.stable.hash,
      canary: spec.canary.hash,
      teamRules: teamRules(look).filter(({ metadata }) => metadata.namespace === service.namespace),
      meshRules: teamRules(look).filter(({ metadata }) => metadata.namespace === rootNamespace),
      teamSubsetsUsed: teamSubsetsUsed(look),
      callers: callers(look),
      planName: plan.metadata.name,
    }),
  );
}

/** What would make the split a way to nowhere for some callers, each in a sentence. A subset that is missing already is no worse afterwards. */
export function obstacles(look: RouteLook): string[] {
  const elsewhere = ({ metadata }: DestinationRuleObject, service: ServiceName) =>
    metadata.namespace !== service.namespace && metadata.namespace !== rootNamespace;
  return services(look).flatMap((service) =>
    rulesInTheWay(service, {
      teamRules: teamRules(look).filter(({ metadata }) => metadata.namespace === service.namespace),
      callerRules: teamRules(look).filter((rule) => elsewhere(rule, service)),
      meshRules: teamRules(look).filter(({ metadata }) => metadata.namespace === rootNamespace),
      canaryLabels: look.deployment?.templateLabels ?? {},
      teamSubsetsUsed: teamSubsetsUsed(look),
    })
      .filter(({ why }) => why !== "subsetMissing")
      .map(({ message }) => message),
  );
}

/** Writes that bring our DestinationRules about. */
export function ruleActions(look: Look): Action[] {
  return wantedRules(look).flatMap((rule): Action[] => {
    const current = ruleNow(look, rule);
    return current && subsetsEqual(current, rule) ? [] : [{ kind: "writeRule", rule: current ? withVersion(rule, current) : rule }];
  });
}

const ruleNow = (look: Look, rule: DestinationRuleObject) =>
  look.snapshot.destinationRules.find(
    ({ metadata }) => metadata.name === rule.metadata.name && metadata.namespace === rule.metadata.namespace,
  );

function withVersion<T extends { metadata: DestinationRuleObject["metadata"] }>(wanted: T, current: T): T {
  const { resourceVersion } = current.metadata;
  return resourceVersion === undefined ? wanted : { ...wanted, metadata: { ...wanted.metadata, resourceVersion } };
}

/** Our rules for these Services that still exist. */
export function rulesLeft(look: Look): DestinationRuleObject[] {
  return look.snapshot.destinationRules.filter(
    ({ metadata }) =>
      metadata.labels?.[labels.managedBy] === "serin" &&
      services(look).some((service) => service.namespace === metadata.namespace && metadata.name === ruleName(service.name)),
  );
}

/** What a team's VirtualService was before our first edit. */
function originalOf(look: RouteLook, route: VirtualServiceObject): VirtualServiceSpec | undefined {
  const record = (look.plan.status?.routes ?? []).find(
    ({ namespace, name }) => namespace === route.metadata.namespace && name === route.metadata.name,
  );
  return record?.original === undefined ? undefined : (JSON.parse(record.original) as VirtualServiceSpec);
}

/** Characters of all originals of one plan: an object of etcd has 1.5 MiB, and a plan has more to keep. */
const longestOriginals = 524_288;

/** Without its original a route is un-edited all the same; only fields that the team changed meanwhile may then be read as ours. */
function originalWithin(records: ReadonlyMap<string, RouteRecord>, original: string): { original?: string } {
  const used = [...records.values()].reduce((sum, record) => sum + (record.original?.length ?? 0), 0);
  return used + original.length <= longestOriginals ? { original } : {};
}

/** The records of all routing objects that carry, or will carry, the split. A route that appears late joins; one that lost its split is new. */
export function routeRecords(look: Look): RouteRecord[] {
  const known = look.plan.status?.routes ?? [];
  const records = new Map(known.map((record) => [`${record.namespace}/${record.name}`, record]));
  for (const route of teamRoutes(look)) {
    const key = `${route.metadata.namespace}/${route.metadata.name}`;
    if (records.has(key) && hasSplit(route.spec)) continue;
    records.set(key, {
      kind: "VirtualService",
      namespace: route.metadata.namespace,
      name: route.metadata.name,
      ...originalWithin(records, JSON.stringify(route.spec)),
    });
  }
  for (const route of wantedMeshRoutes(look, 0)) {
    const key = `${route.metadata.namespace}/${route.metadata.name}`;
    if (!records.has(key)) records.set(key, { kind: "MeshVirtualService", namespace: route.metadata.namespace, name: route.metadata.name });
  }
  return [...records.values()];
}

/**
 * Routes of ours for callers in the mesh, for each Service that the team's VirtualServices leave uncovered there. One that exists stays until the end, also
 * when a route of the team's covers those callers meanwhile: of two for one host they see the older.
 */
function wantedMeshRoutes(look: Look, weight: number): VirtualServiceObject[] {
  const team = look.snapshot.virtualServices.filter((route) => !isOurRoute(route));
  return services(look).flatMap((service) => {
    const made = meshVirtualServiceFor(service, { virtualServices: team, planName: look.plan.metadata.name });
    const route = made ?? ourRoutes(look).find(({ metadata }) => metadata.name === ruleName(service.name));
    if (!route) return [];
    const { spec } = splitVirtualService(route.spec, {
      ...ours(look, service.namespace),
      stable: look.spec.stable.hash,
      canary: look.spec.canary.hash,
      weight,
    });
    return [{ ...route, spec }];
  });
}

/** The highest share that any route gives to the canary now, 0..100; undefined while none is split. */
export function weightNow(look: Look): number | undefined {
  const found = [...teamRoutes(look), ...ourRoutes(look)].flatMap(
    (route) => weightsOf(route.spec, ours(look, route.metadata.namespace)) ?? [],
  );
  const weights = found.filter(({ revisions }) => revisions.canary === look.spec.canary.hash).map(({ canary }) => Math.round(canary));
  return weights.length === 0 ? undefined : Math.max(...weights);
}

/** Each way in to the pods, and how traffic is divided there. */
export const waysIn = (look: RouteLook): WayIn[] =>
  services(look).flatMap((service) =>
    classifyWaysIn(
      service,
      look.snapshot.virtualServices.filter((route) => !isOurRoute(route)),
    ),
  );

/** Writes that bring every route to this weight; none when all are there. */
export function routeActions(look: Look, weight: number): Action[] {
  const lowers = (weightNow(look) ?? 0) > weight;
  const edits = teamRoutes(look).flatMap((route): Action[] => {
    const original = hasSplit(route.spec) ? originalOf(look, route) : undefined;
    const { spec } = splitVirtualService(route.spec, {
      ...ours(look, route.metadata.namespace),
      stable: look.spec.stable.hash,
      canary: look.spec.canary.hash,
      weight,
      ...(original === undefined ? {} : { original }),
    });
    return sameJson(spec, route.spec) ? [] : [{ kind: "writeRoute", current: route, spec, lowers, repairs: false }];
  });
  const mesh = wantedMeshRoutes(look, weight).flatMap((route): Action[] => {
    const current = ourRoutes(look).find(
      ({ metadata }) => metadata.name === route.metadata.name && metadata.namespace === route.metadata.namespace,
    );
    if (current && sameJson(current.spec, route.spec)) return [];
    return [{ kind: "writeMeshRoute", route: current ? withVersion(route, current) : route, lowers }];
  });
  return [...edits, ...mesh];
}

/** Routes that lost the split although the plan had put it there. */
export function routesDropped(look: Look): VirtualServiceObject[] {
  const known = new Set((look.plan.status?.routes ?? []).map(({ namespace, name }) => `${namespace}/${name}`));
  return teamRoutes(look).filter((route) => known.has(`${route.metadata.namespace}/${route.metadata.name}`) && !hasSplit(route.spec));
}

/** Writes that give every route back as it was. */
export function restoreActions(look: Look): Action[] {
  const edits = look.snapshot.virtualServices
    .filter((route) => !isOurRoute(route) && hasSplit(route.spec) && routesTo(route.spec, ours(look, route.metadata.namespace)).length > 0)
    .flatMap((route): Action[] => {
      const spec = restoreVirtualService(route.spec, originalOf(look, route) ?? route.spec, ours(look, route.metadata.namespace));
      return sameJson(spec, route.spec) ? [] : [{ kind: "writeRoute", current: route, spec, lowers: false, repairs: false }];
    });
  const mesh = ourRoutes(look).map(
    (route): Action => ({ kind: "deleteMeshRoute", namespace: route.metadata.namespace, name: route.metadata.name }),
  );
  return [...edits, ...mesh];
}

/** Deletes of our rules; only once nothing refers to their subsets. */
export const ruleDeletions = (look: Look): Action[] =>
  rulesLeft(look).map(({ metadata }): Action => ({ kind: "deleteRule", namespace: metadata.namespace, name: metadata.name }));
