/** Routes to subsets that no DestinationRule defines: Envoy has no cluster for them, and each such request ends with 503. */

import { labels } from "../../api/names.ts";
import { hostCovers, resolveHost } from "./hosts.ts";
import { readSubset } from "./revisionSubset.ts";
import { managedByUs } from "./rules.ts";
import type { Destination, DestinationRuleObject, Route, VirtualServiceObject } from "./wire.ts";

export interface LostSubset {
  /** The VirtualService, `namespace/name`. */
  readonly route: string;
  readonly host: string;
  readonly subsets: readonly string[];
  /** Named as those of a plan are: exported while a canary ran, and applied after it. */
  readonly isOfPlan: boolean;
  /** The VirtualService itself is one of ours, which live no longer than their plan. */
  readonly isOurs: boolean;
}

/**
 * One for each host of a route, in the order of the routes. Any rule for the host counts, whoever may see it, so that nothing is found where only `exportTo` decides.
 * @param rules of all namespaces, or of those that may be read: then what they don't define may be defined elsewhere
 */
export function lostSubsets(routes: readonly VirtualServiceObject[], rules: readonly DestinationRuleObject[]): LostSubset[] {
  return routes.flatMap(({ metadata, spec }) => {
    const lost = new Map<string, LostSubset>();
    for (const { host, subset } of destinationsIn(spec)) {
      if (subset === undefined || isDefined({ host, subset }, metadata.namespace, rules)) continue;
      const isOfPlan = readSubset(subset) !== undefined;
      const { subsets } = lost.get(`${host} ${isOfPlan}`) ?? { subsets: [] };
      lost.set(`${host} ${isOfPlan}`, {
        route: `${metadata.namespace}/${metadata.name}`,
        host,
        subsets: [...new Set([...subsets, subset])],
        isOfPlan,
        isOurs: metadata.labels?.[labels.managedBy] === managedByUs,
      });
    }
    return [...lost.values()];
  });
}

function destinationsIn({ http = [], tls = [], tcp = [] }: VirtualServiceObject["spec"]): Destination[] {
  const of = ({ route = [], mirror, mirrors = [] }: Route): Array<Destination | undefined> => [
    ...route.map(({ destination }) => destination),
    mirror,
    ...mirrors.map(({ destination }) => destination),
  ];
  return [...http, ...tls, ...tcp].flatMap(of).filter((each) => each !== undefined);
}

function isDefined({ host, subset }: Destination, namespace: string, rules: readonly DestinationRuleObject[]): boolean {
  const service = resolveHost(host, namespace);
  return rules.some(({ metadata, spec }) => {
    const isAbout =
      service === undefined
        ? spec.host === host || (spec.host.startsWith("*") && host.endsWith(spec.host.slice(1)))
        : hostCovers(spec.host, metadata.namespace, service) !== undefined;
    return isAbout && spec.subsets?.some(({ name }) => name === subset) === true;
  });
}
