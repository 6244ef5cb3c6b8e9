import type { LostSubset } from "../../core/traffic/lostSubsets.ts";
import type { Facts, Finding } from "./checks.ts";

/** So many are told one by one. */
const mostLost = 10;

/** Istio takes a route to a subset that is not there, and Envoy answers each of its requests with 503. */
export function subsets({ istio: read, lostSubsets: { found, partial } }: Facts): Finding[] {
  const code = "Subsets";
  if (read === "forbidden" || !read.value) return [];
  const limits = partial ? ", among those that you may read" : "";
  if (found.length === 0)
    return [{ code, level: "ok", finding: `each subset that a route names is defined by a DestinationRule${limits}` }];
  const told = found.slice(0, mostLost).map((lost): Finding => {
    const { route, host, subsets: names, isOfPlan } = lost;
    const finding = `VirtualService ${route} routes to ${names.join(" and ")} of ${host}, a subset that no DestinationRule defines${limits}: such requests get 503`;
    return { code, level: isOfPlan && !partial ? "problem" : "warning", finding, fix: mended(lost) };
  });
  const more = found.length - told.length;
  return more === 0
    ? told
    : [...told, { code, level: "warning", finding: `${more} more routes to subsets that no DestinationRule defines` }];
}

function mended({ route, subsets: names, isOfPlan, isOurs }: LostSubset): string {
  const [namespace = "", name = ""] = route.split("/");
  if (isOurs) return `it is Serin's own, exported while a canary ran: kubectl delete virtualservice ${name} -n ${namespace}`;
  if (!isOfPlan) return "define the subset in a DestinationRule of that host, or take it out of the route";
  return `it is a canary's, exported while that ran: take ${names.map((each) => `\`subset: ${each}\``).join(" and ")} out and apply it again`;
}
