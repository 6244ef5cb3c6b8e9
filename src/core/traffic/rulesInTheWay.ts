/** DestinationRules that keep some callers from seeing our subsets: to them a split route would be a route to nowhere (503). */

import { coverOf, exactRules, isOurRule, mostSpecificRule, sameExport } from "./rules.ts";
import type { DestinationRuleObject, ServiceFacts, Subset } from "./wire.ts";

export interface RuleInTheWay {
  /** `namespace/name`. */
  readonly object: string;
  readonly why: "workloadSelector" | "exportTo" | "callerNamespace" | "subsetMissing" | "subsetEmpty";
  readonly message: string;
}

export interface RulesSeen {
  /** DestinationRules in the Service's namespace. */
  readonly teamRules: readonly DestinationRuleObject[];
  /** DestinationRules in other namespaces than the Service's and Istio's root namespace. */
  readonly callerRules: readonly DestinationRuleObject[];
  /** DestinationRules in the root namespace. */
  readonly meshRules: readonly DestinationRuleObject[];
  /** The labels of the canary's pod template. */
  readonly canaryLabels: Readonly<Record<string, string>>;
  /** The team's subsets that routes to this Service name. */
  readonly teamSubsetsUsed: readonly string[];
  readonly clusterDomain?: string;
}

/**
 * Each with a sentence for the plan. `callerNamespace`: a rule in a caller's own namespace wins for callers there, so it needs the same subsets.
 * `subsetMissing` blames a route and not a rule: it is as broken before the split as after. `subsetEmpty`: the canary's pods don't carry the
 * labels of a subset that is routed to (a team that writes the version into its pods' labels), so the split would send to no pods (design I1).
 */
export function rulesInTheWay(service: ServiceFacts, seen: RulesSeen): RuleInTheWay[] {
  const host = `${service.name}.${service.namespace}`;
  const about = (rule: DestinationRuleObject): boolean => !isOurRule(rule) && coverOf(rule, service, seen.clusterDomain) !== undefined;
  const selected = seen.teamRules.filter((rule) => about(rule) && rule.spec.workloadSelector !== undefined);
  const exact = exactRules(seen.teamRules, service, seen.clusterDomain);
  const apart = exact.filter((rule) => !sameExport(rule.spec.exportTo, exact.at(-1)?.spec.exportTo));
  return [
    ...selected.map((rule) =>
      found(rule, "workloadSelector", `is used alone by the pods it selects, so they don't see the revisions of ${host}`),
    ),
    ...apart.map((rule) =>
      found(rule, "exportTo", `is exported otherwise than the youngest rule for ${host}, so istiod doesn't merge them`),
    ),
    ...seen.callerRules.filter(about).map((rule) => found(rule, "callerNamespace", `overrides ${host} for callers in its own namespace`)),
    ...subsetsInTheWay(service, seen),
  ];
}

function found(rule: DestinationRuleObject, why: RuleInTheWay["why"], what: string): RuleInTheWay {
  const object = `${rule.metadata.namespace}/${rule.metadata.name}`;
  return { object, why, message: `DestinationRule ${object} ${what}` };
}

function subsetsInTheWay(service: ServiceFacts, seen: RulesSeen): RuleInTheWay[] {
  const defined = definedSubsets(service, seen);
  const object = `${service.namespace}/${service.name}`;
  return [...new Set(seen.teamSubsetsUsed)].flatMap((name): RuleInTheWay[] => {
    const subset = defined.find((candidate) => candidate.name === name);
    if (subset === undefined) {
      return [{ object, why: "subsetMissing", message: `no DestinationRule defines the subset ${name} of Service ${object}` }];
    }
    const missing = Object.entries(subset.labels ?? {}).filter(([key, value]) => seen.canaryLabels[key] !== value);
    if (missing.length === 0) return [];
    const wanted = missing.map(([key, value]) => `${key}=${value}`).join(", ");
    return [
      {
        object,
        why: "subsetEmpty",
        message: `the new pods lack ${wanted}, so the subset ${name} of Service ${object} would have none of them`,
      },
    ];
  });
}

/** The subsets of the rule in force: the team's merged ones, else of the rule that ours takes the place of. */
function definedSubsets(service: ServiceFacts, { teamRules, meshRules, clusterDomain }: RulesSeen): Subset[] {
  const merging = exactRules(teamRules, service, clusterDomain);
  const other = mostSpecificRule(teamRules, service, clusterDomain) ?? mostSpecificRule(meshRules, service, clusterDomain);
  return (merging.length > 0 || other === undefined ? merging : [other]).flatMap((rule) => rule.spec.subsets ?? []);
}
