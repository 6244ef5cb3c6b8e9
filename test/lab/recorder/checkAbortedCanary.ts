import { planOf } from "./plans.ts";
import { type RecordedEvent, stamp } from "./recordedEvent.ts";
import { replay, type World } from "./replay.ts";
import { hashOf, routesOf, sends } from "./routes.ts";

interface Aborted {
  readonly plan: RecordedEvent;
  readonly hash: string;
  readonly deployment: string;
  /** The weight was seen at 0 since. */
  zero: boolean;
  late: boolean;
}

/**
 * I5: when a plan's phase becomes RollingBack its canary's weight is 0, at the latest after `withinMs`, and never rises
 * again. It counts until another plan of the Deployment begins: that may be a retry of the same template.
 */
export function checkAbortedCanary(events: readonly RecordedEvent[], options: { withinMs?: number } = {}): string[] {
  const within = options.withinMs ?? 0;
  const aborted = new Map<string, Aborted>();
  const known = new Set<string>();
  const found: string[] = [];

  const look = (at: number, event: RecordedEvent, world: World) => {
    for (const one of aborted.values()) {
      const given = givenTo(world, one.plan.ns, one.hash);
      const plan = `CanaryPlan ${one.plan.ns}/${one.plan.name}`;
      const after = at - one.plan.at;
      if (given.length === 0) one.zero = true;
      else if (one.zero) {
        found.push(`${stamp(event)}: ${plan} rolls back since ${after} ms and its canary's weight rose again: ${given.join(" and ")}`);
        one.zero = false;
        one.late = true;
      } else if (!one.late && (within === 0 || after > within)) {
        found.push(`${stamp(event)}: ${plan} rolls back since ${after} ms and still ${given.join(" and ")}`);
        one.late = true;
      }
    }
  };

  let last: RecordedEvent | undefined;
  const world = replay(events, (event, now) => {
    if (last === undefined || event.at > last.at) last = event;
    if (event.kind === "CanaryPlan") notePlan(event);
    if (event.kind === "CanaryPlan" || event.kind === "VirtualService") look(event.at, event, now);
  });
  if (last !== undefined) look(last.at, last, world);
  return found;

  function notePlan(event: RecordedEvent): void {
    const uid = event.object.metadata.uid ?? `${event.ns}/${event.name}`;
    const { phase, deployment, canaryHash } = planOf(event);
    if (!known.has(uid)) {
      known.add(uid);
      for (const [key, one] of aborted) if (one.plan.ns === event.ns && one.deployment === deployment) aborted.delete(key);
    }
    if (phase === "RollingBack" && !aborted.has(uid)) {
      aborted.set(uid, { plan: event, hash: canaryHash, deployment, zero: false, late: false });
    }
  }
}

function givenTo(world: World, ns: string, hash: string): string[] {
  return world
    .list("VirtualService")
    .flatMap((vs) =>
      routesOf(vs).flatMap((route) =>
        route.destinations
          .filter((d) => d.ns === ns && hashOf(d.subset) === hash && sends(d))
          .map((d) => `VirtualService ${vs.ns}/${vs.name} ${route.title} sends ${d.weight} to ${d.title}`),
      ),
    );
}
