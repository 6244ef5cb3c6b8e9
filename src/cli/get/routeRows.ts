import type { CanaryPlan } from "../../api/plan.ts";
import type { Route, VirtualServiceObject } from "../../core/traffic/wire.ts";
import { ageSince } from "../age.ts";
import type { Scene } from "../scene.ts";
import { type Info, type Row, text } from "./row.ts";

/** One row for each routing object of the plan, with the canary's share as it stands in the object itself, not as the plan wants it. */
export function routeRows({ virtualServices, namespace }: Scene, plan: CanaryPlan, now: number): Row[] {
  return (plan.status?.routes ?? []).map((record) => {
    const object = virtualServices.find(({ metadata }) => metadata.name === record.name && metadata.namespace === record.namespace);
    const shares = object === undefined ? [] : sharesIn(object, `rev-${plan.spec.canary.hash}`);
    return {
      icon: "VirtualService",
      name: record.namespace === namespace ? record.name : `${record.namespace}/${record.name}`,
      kind: "VirtualService",
      status: object === undefined ? { look: "warning", word: "Missing" } : { look: "ok", word: shares.length > 0 ? "Split" : "Whole" },
      age: ageSince(object?.metadata.creationTimestamp, now),
      info: shareInfo(shares),
      children: [],
    };
  });
}

function shareInfo(shares: readonly number[]): Info[] {
  if (shares.length === 0) return [];
  const least = Math.min(...shares);
  const most = Math.max(...shares);
  return [{ is: "bar", percent: most }, ...(least === most ? [] : [text(`and ${least}% on another route`, "warning")])];
}

/** The canary's percent of the revisions' requests, for each route that is split. A third party's share stands outside (design §6). */
function sharesIn({ spec }: VirtualServiceObject, canary: string): number[] {
  const routes = [...(spec.http ?? []), ...(spec.tls ?? []), ...(spec.tcp ?? [])];
  return routes.flatMap((route: Route) => {
    const revisions = (route.route ?? []).filter(({ destination }) => destination.subset?.startsWith("rev-"));
    const total = revisions.reduce((sum, { weight = 0 }) => sum + weight, 0);
    const ours = revisions.filter(({ destination }) => destination.subset === canary);
    if (ours.length === 0 || total === 0) return [];
    return [Math.round((100 * ours.reduce((sum, { weight = 0 }) => sum + weight, 0)) / total)];
  });
}
