/** The DestinationRule of ours that defines the two revisions' subsets. How istiod treats it beside the team's: `rules.ts`. */

import { labels, podTemplateHash } from "../../api/names.ts";
import { fullHost } from "./hosts.ts";
import { ruleName, subsetName } from "./revisionSubset.ts";
import { exactRules, managedByUs, mostSpecificRule, sameExport } from "./rules.ts";
import { sameJson } from "./sameJson.ts";
import type { DestinationRuleObject, DestinationRuleSpec, ServiceFacts, Subset } from "./wire.ts";

export interface SubsetsWanted {
  /** The pod-template-hash of each revision. */
  readonly stable: string;
  readonly canary: string;
  /** DestinationRules in the Service's namespace, whatever their host: those that don't cover the Service are left out here. */
  readonly teamRules: readonly DestinationRuleObject[];
  /** DestinationRules in Istio's root namespace. */
  readonly meshRules: readonly DestinationRuleObject[];
  /** The team's subsets that routes to this Service name: each is split further. */
  readonly teamSubsetsUsed: readonly string[];
  readonly planName: string;
  /**
   * Namespaces of callers whose routes will name our subsets, gateways' above all. Only needed where the team's rule is exported to some
   * namespaces only: its `exportTo` is copied, these are added, and a superset still merges as long as ours is the younger rule.
   */
  readonly callers?: readonly string[];
  readonly clusterDomain?: string;
}

/**
 * `<service>-serin` in the Service's namespace.
 *
 * - The team has a rule for this very host: ours has nothing but subsets and the team's `exportTo`, and inherits the traffic policy by merging.
 * - It has none, but a wildcard rule of the namespace or a rule in the root namespace covers the host: ours, being more specific or nearer,
 *   hides that rule whole. So its traffic policy and its subsets are copied, and ours is visible to everybody.
 * - `rev-<hash>-<subset>` has the labels of the team's subset and the hash, and its traffic policy, which Istio lays over the rule's own
 *   field by field (`MergeSubsetTrafficPolicy`). A subset that no rule defines is left out; it has no pods with or without us (`rulesInTheWay`).
 */
export function destinationRuleFor(service: ServiceFacts, wanted: SubsetsWanted): DestinationRuleObject {
  const merging = exactRules(wanted.teamRules, service, wanted.clusterDomain);
  const hidden =
    merging.length > 0
      ? undefined
      : (mostSpecificRule(wanted.teamRules, service, wanted.clusterDomain) ??
        mostSpecificRule(wanted.meshRules, service, wanted.clusterDomain));
  const teamSubsets = (hidden === undefined ? merging : [hidden]).flatMap((rule) => rule.spec.subsets ?? []);
  const exportTo = exportFor(merging, wanted.callers ?? []);
  const spec: DestinationRuleSpec = {
    host: fullHost(service, wanted.clusterDomain),
    ...(exportTo === undefined ? {} : { exportTo }),
    ...(hidden?.spec.trafficPolicy === undefined ? {} : { trafficPolicy: hidden.spec.trafficPolicy }),
    subsets: [...(hidden?.spec.subsets ?? []), ...revisionSubsets(teamSubsets, wanted)],
  };
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "DestinationRule",
    metadata: {
      name: ruleName(service.name),
      namespace: service.namespace,
      labels: { [labels.managedBy]: managedByUs, [labels.plan]: wanted.planName },
    },
    spec,
  };
}

/** Both revisions as a whole, then each of the team's subsets in use within both. */
function revisionSubsets(defined: readonly Subset[], { stable, canary, teamSubsetsUsed }: SubsetsWanted): Subset[] {
  const used = [...new Set(teamSubsetsUsed)].flatMap((name) => defined.find((subset) => subset.name === name) ?? []);
  return [undefined, ...used].flatMap((subset) => [stable, canary].map((hash) => within(hash, subset)));
}

function within(hash: string, subset: Subset | undefined): Subset {
  return { ...subset, name: subsetName(hash, subset?.name), labels: { ...subset?.labels, [podTemplateHash]: hash } };
}

/** The youngest rule's, because where several don't merge that one counts. A private rule is opened for the callers that need ours. */
function exportFor(merging: readonly DestinationRuleObject[], callers: readonly string[]): readonly string[] | undefined {
  const exportTo = merging.at(-1)?.spec.exportTo;
  if (exportTo === undefined || exportTo.length === 0 || exportTo.includes("*")) return exportTo;
  const own = merging[0]?.metadata.namespace;
  const missing = callers.filter((name) => !exportTo.includes(name) && !(name === own && exportTo.includes(".")));
  return [...exportTo, ...new Set(missing)];
}

/** Do two rules say the same to istiod, and are both marked as the same plan's? Subsets are compared by name, their order is nothing to Istio. */
export function subsetsEqual(a: DestinationRuleObject, b: DestinationRuleObject): boolean {
  const { subsets: left = [], exportTo: leftExport, ...restLeft } = a.spec;
  const { subsets: right = [], exportTo: rightExport, ...restRight } = b.spec;
  return (
    sameJson(restLeft, restRight) &&
    sameExport(leftExport, rightExport) &&
    [labels.managedBy, labels.plan].every((label) => a.metadata.labels?.[label] === b.metadata.labels?.[label]) &&
    left.length === right.length &&
    left.every((subset) => right.some((other) => sameJson(subset, other)))
  );
}
