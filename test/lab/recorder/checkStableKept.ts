import { planOf } from "./plans.ts";
import { type RecordedEvent, stamp } from "./recordedEvent.ts";
import { replay, type World } from "./replay.ts";
import { type Destination, hashOf, routesOf, sends } from "./routes.ts";

/**
 * I3: while a plan lives, its stable ReplicaSet is never lowered below what the Deployment asks for as long as a route
 * sends it anything, by its own subset or as a plain endpoint; with `settleMs`, nor within that time after the last did.
 * Somebody who scales the Deployment down himself lowers stable with it: that is no finding.
 */
export function checkStableKept(events: readonly RecordedEvent[], options: { settleMs?: number } = {}): string[] {
  const unusedSince = new Map<string, number>();
  const found: string[] = [];

  replay(events, (event, world, before) => {
    if (event.kind === "VirtualService") noteUnused(event, world, unusedSince);
    if (event.kind !== "ReplicaSet" || before === undefined) return;
    const [was, is] = [replicasOf(before), event.type === "DELETED" ? 0 : replicasOf(event)];
    const plan = livePlanOver(world, event);
    if (is >= was || plan === undefined) return;
    const wanted = world.get("Deployment", event.ns, plan.deployment);
    if (wanted !== undefined && is >= replicasOf(wanted)) return;

    const lowered = `${stamp(event)}: stable was lowered from ${was} to ${is} pods`;
    const users = usersOf(world, event);
    const unused = event.at - (unusedSince.get(`${event.ns}/${event.name}`) ?? Number.NEGATIVE_INFINITY);
    if (users.length > 0) found.push(`${lowered} while ${users.join(" and ")}`);
    else if (unused < (options.settleMs ?? 0))
      found.push(`${lowered} ${unused} ms after the last route had left it, ${options.settleMs} ms are meant`);
  });
  return found;
}

function livePlanOver(world: World, replicaSet: RecordedEvent) {
  const plans = world.list("CanaryPlan", replicaSet.ns).map(planOf);
  return plans.find((plan) => plan.stableHash === hashLabel(replicaSet) && !plan.ended);
}

/** The routes that send requests to this ReplicaSet's pods, said in words. */
function usersOf(world: World, replicaSet: RecordedEvent): string[] {
  const reaches = (d: Destination) =>
    d.ns === replicaSet.ns && (d.subset === undefined ? selects(world, d, replicaSet) : hashOf(d.subset) === hashLabel(replicaSet));
  return world
    .list("VirtualService")
    .flatMap((vs) =>
      routesOf(vs).flatMap((route) =>
        route.destinations
          .filter((d) => sends(d) && reaches(d))
          .map((d) => `VirtualService ${vs.ns}/${vs.name} ${route.title} sends ${d.weight} to ${d.title}`),
      ),
    );
}

/** Does the Service behind this host choose the ReplicaSet's pods? */
function selects(world: World, destination: Destination, replicaSet: RecordedEvent): boolean {
  const service = world.get("Service", replicaSet.ns, destination.host.split(".")[0] ?? "");
  const selector = Object.entries((service?.object.spec as { selector?: Record<string, string> } | undefined)?.selector ?? {});
  const { template } = replicaSet.object.spec as { template?: { metadata?: { labels?: Record<string, string> } } };
  const labels = template?.metadata?.labels ?? {};
  return selector.length > 0 && selector.every(([key, value]) => labels[key] === value);
}

function noteUnused(event: RecordedEvent, world: World, unusedSince: Map<string, number>): void {
  for (const replicaSet of world.list("ReplicaSet")) {
    if (livePlanOver(world, replicaSet) === undefined) continue;
    const key = `${replicaSet.ns}/${replicaSet.name}`;
    if (usersOf(world, replicaSet).length > 0) unusedSince.delete(key);
    else if (!unusedSince.has(key)) unusedSince.set(key, event.at);
  }
}

function hashLabel(replicaSet: RecordedEvent): string {
  return replicaSet.object.metadata.labels?.["pod-template-hash"] ?? "";
}

function replicasOf(event: RecordedEvent): number {
  return (event.object.spec as { replicas?: number } | undefined)?.replicas ?? 1;
}
