import { ENVOY_ADMIN } from "./addresses.ts";
import { until } from "./until.ts";

/** What the gateway itself sends to a revision now, 0..100, by its own routes and not by what was written anywhere. */
export async function envoyWeight(hash: string): Promise<number> {
  const answer = await fetch(`http://${ENVOY_ADMIN}/config_dump?resource=dynamic_route_configs`);
  return Math.max(0, ...sharesIn(await answer.json(), `|rev-${hash}|`));
}

/** The time at which Envoy first says that it sends nothing to a revision any more that it did send to. */
export function whenDrained(hash: string, seconds = 120): Promise<number> {
  let risen = false;
  return until(
    `Envoy sends nothing to rev-${hash} any more`,
    async () => {
      const weight = await envoyWeight(hash);
      risen ||= weight > 0;
      return risen && weight === 0 ? Date.now() : undefined;
    },
    seconds,
    50,
  );
}

interface RouteAction {
  cluster?: string;
  weighted_clusters?: { clusters: Array<{ name: string; weight?: number }> };
}

/** Shares of the clusters with this in their name, in every route action below `node`. */
function sharesIn(node: unknown, part: string): number[] {
  if (Array.isArray(node)) return node.flatMap((each) => sharesIn(each, part));
  if (node === null || typeof node !== "object") return [];
  const { cluster, weighted_clusters: weighted } = node as RouteAction;
  if (typeof cluster === "string" && cluster.includes(part)) return [100];
  if (weighted !== undefined) {
    const total = weighted.clusters.reduce((sum, { weight = 0 }) => sum + weight, 0);
    return weighted.clusters.filter(({ name }) => name.includes(part)).map(({ weight = 0 }) => (100 * weight) / Math.max(1, total));
  }
  return Object.values(node).flatMap((each) => sharesIn(each, part));
}
