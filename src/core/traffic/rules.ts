/**
 * Which DestinationRule a proxy uses for a Service, as istiod 1.31-dev looks it up (`destinationRule`, pilot/pkg/model/push_context.go):
 * the caller's namespace, then the Service's, then the root namespace. The first namespace with a matching host wins whole, and in it the most specific
 * host: an exact rule hides a wildcard one of the same namespace, and everything in the root namespace. Nothing is inherited across.
 *
 * Rules of one namespace and one host merge (`mergeDestinationRule`, pilot/pkg/model/destination_rule.go), in the order of their creation:
 * subsets are put together, of a name that occurs twice the first counts; the oldest rule that has a traffic policy gives it; and only
 * - if their `exportTo` are equal as sets of the words written: an absent one does not equal `["*"]`, `["."]` not the namespace's name; or the
 *   younger one's contains all of the older one's, which must not be empty;
 * - and if neither has a workloadSelector. A rule with one is used alone by the pods that it selects, and only in its own namespace.
 * Of rules that don't merge the youngest counts (`SidecarScope.DestinationRule` keeps the last), so an unmerged rule of ours would hide the team's.
 *
 * Tried with istiod's code (its FakeDiscoveryServer), team's rule with a connection limit and subset v1, then ours with rev-a; clusters of a proxy beside them:
 *   exportTo absent, absent             v1 and rev-a, the limit on both        ["."], [".", "istio-system"]  the same; from istio-system: rev-a
 *   absent, ["*"] and ["."], absent     rev-a alone, without the limit         ours older, ["."] younger     v1 alone: 503 for rev-a
 */

import { labels } from "../../api/names.ts";
import { hostCovers, type ServiceName } from "./hosts.ts";
import type { DestinationRuleObject } from "./wire.ts";

export const managedByUs = "serin";

export function isOurRule(object: { readonly metadata: { readonly labels?: Readonly<Record<string, string>> } }): boolean {
  return object.metadata.labels?.[labels.managedBy] === managedByUs;
}

/** The rules for this Service that ours merges with: exact host, no workloadSelector, the oldest first. Rules of ours are left out. */
export function exactRules(rules: readonly DestinationRuleObject[], service: ServiceName, clusterDomain?: string): DestinationRuleObject[] {
  return unselected(rules)
    .filter((rule) => coverOf(rule, service, clusterDomain) === "exact")
    .sort(byAge);
}

/** The rule that an exact one of ours hides: of these rules the exact one, else the one with the longest wildcard, of equals the oldest. */
export function mostSpecificRule(
  rules: readonly DestinationRuleObject[],
  service: ServiceName,
  clusterDomain?: string,
): DestinationRuleObject | undefined {
  const length = (rule: DestinationRuleObject): number =>
    rule.spec.host.startsWith("*") ? rule.spec.host.length : Number.POSITIVE_INFINITY;
  const covering = unselected(rules).filter((rule) => coverOf(rule, service, clusterDomain) !== undefined);
  return covering.sort((a, b) => (length(a) === length(b) ? byAge(a, b) : length(b) - length(a)))[0];
}

function unselected(rules: readonly DestinationRuleObject[]): DestinationRuleObject[] {
  return rules.filter((rule) => !isOurRule(rule) && rule.spec.workloadSelector === undefined);
}

export function coverOf(rule: DestinationRuleObject, service: ServiceName, clusterDomain?: string): "exact" | "wildcard" | undefined {
  return hostCovers(rule.spec.host, rule.metadata.namespace, service, clusterDomain);
}

/** Istio's order: creation, then the name. */
export function byAge(a: DestinationRuleObject, b: DestinationRuleObject): number {
  const [left, right] = [a.metadata.creationTimestamp ?? "", b.metadata.creationTimestamp ?? ""];
  if (left !== right) return left < right ? -1 : 1;
  return a.metadata.name < b.metadata.name ? -1 : 1;
}

/** Do two `exportTo` count as equal to istiod? As sets of the words written, nothing is translated. */
export function sameExport(a: readonly string[] = [], b: readonly string[] = []): boolean {
  return a.every((word) => b.includes(word)) && b.every((word) => a.includes(word));
}
