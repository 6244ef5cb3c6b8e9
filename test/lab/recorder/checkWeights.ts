import { type RecordedEvent, stamp } from "./recordedEvent.ts";
import { replay, type World } from "./replay.ts";
import { type Destination, fullHost, hashOf, type Route, routesOf, splitHosts } from "./routes.ts";

interface Share {
  readonly weight: number;
  readonly total: number;
}

/**
 * I1: weights are integers; in a split route every third party keeps the share that it had in the first recorded
 * revision; every `rev-*` subset that a route names is there, in a DestinationRule of that host, at that moment.
 * `hosts` are ours; all other destinations are third parties. Absent: every host that was ever split.
 */
export function checkWeights(events: readonly RecordedEvent[], options: { hosts?: readonly string[] } = {}): string[] {
  const ours = splitHosts(events, options.hosts);
  const firstShares = new Map<string, Map<string, Share>>();
  const missing = new Set<string>();
  const found: string[] = [];

  replay(events, (event, world) => {
    if (event.kind === "VirtualService" && event.type !== "DELETED") {
      for (const route of routesOf(event)) {
        found.push(...fractions(event, route));
        const key = `${event.object.metadata.uid} ${event.ns}/${event.name} ${route.title}`;
        const shares = thirdPartyShares(route, ours);
        const first = firstShares.get(key);
        if (first === undefined) firstShares.set(key, shares);
        else if (route.destinations.some((d) => ours.has(d.host))) found.push(...movedShares(event, route, first, shares));
      }
    }
    if (event.kind === "VirtualService" || event.kind === "DestinationRule") found.push(...emptySubsets(event, world, missing));
  });
  return found;
}

function fractions(event: RecordedEvent, route: Route): string[] {
  const wrong = route.destinations.filter((d) => !Number.isInteger(d.weight) || Number(d.weight) < 0);
  return wrong.map(
    (d) => `${stamp(event)}: ${route.title} gives ${d.title} the weight ${JSON.stringify(d.weight)}, which is no whole number`,
  );
}

function thirdPartyShares(route: Route, ours: ReadonlySet<string>): Map<string, Share> {
  const total = route.destinations.reduce((sum, d) => sum + Number(d.weight), 0);
  const shares = new Map<string, Share>();
  for (const d of route.destinations.filter((one) => !ours.has(one.host))) {
    shares.set(d.title, { total, weight: Number(d.weight) + (shares.get(d.title)?.weight ?? 0) });
  }
  return shares;
}

function movedShares(event: RecordedEvent, route: Route, first: Map<string, Share>, now: Map<string, Share>): string[] {
  const found: string[] = [];
  for (const title of new Set([...first.keys(), ...now.keys()])) {
    const [was, is] = [first.get(title), now.get(title)];
    // As fractions of whole numbers: 30/100 and 3/10 are the same share, with no rounding.
    const same = was !== undefined && is !== undefined && was.weight * is.total === is.weight * was.total;
    const say = (share: Share | undefined) => (share === undefined ? "absent" : `${share.weight}/${share.total}`);
    if (!same) found.push(`${stamp(event)}: ${route.title} gives the third party ${title} ${say(is)}, at first it was ${say(was)}`);
  }
  return found;
}

/** Each hole is reported once, when it opens. `missing` remembers the open ones. */
function emptySubsets(event: RecordedEvent, world: World, missing: Set<string>): string[] {
  const subsets = new Set(world.list("DestinationRule").flatMap(subsetsOf));
  const open = new Map<string, string>();
  for (const vs of world.list("VirtualService")) {
    for (const route of routesOf(vs)) {
      for (const d of route.destinations.filter((one) => isUndefined(one, subsets))) {
        open.set(
          `${vs.ns}/${vs.name} ${route.title} ${d.title}`,
          `${stamp(event)}: VirtualService ${vs.ns}/${vs.name} ${route.title} names ${d.title} (weight ${d.weight}), which no DestinationRule has`,
        );
      }
    }
  }
  for (const key of missing) if (!open.has(key)) missing.delete(key);
  const fresh = [...open].filter(([key]) => !missing.has(key));
  for (const [key] of fresh) missing.add(key);
  return fresh.map(([, line]) => line);
}

function isUndefined(d: Destination, subsets: ReadonlySet<string>): boolean {
  return hashOf(d.subset) !== undefined && !subsets.has(d.title);
}

function subsetsOf(rule: RecordedEvent): string[] {
  const spec = rule.object.spec as { host?: string; subsets?: { name?: string }[] } | undefined;
  const host = fullHost(spec?.host ?? "", rule.ns);
  return (spec?.subsets ?? []).map((subset) => `${host}/${subset.name}`);
}
