import { type RecordedEvent, stamp } from "./recordedEvent.ts";
import { replay, type World } from "./replay.ts";
import { hashOf, routesOf, sends } from "./routes.ts";

/**
 * I2: a destination with subset `rev-<hash>` and a weight above 0 has a ready pod of that hash at that moment. Pods that
 * were just lost (a crash, an eviction) are nobody's fault for `toleranceMs`: by then the weight must have fallen or
 * pods must be back. A weight that rises where no pod was ready within that time is a finding at once.
 */
export function checkReadyPods(events: readonly RecordedEvent[], options: { toleranceMs?: number } = {}): string[] {
  const tolerance = options.toleranceMs ?? 0;
  const ready = new Map<string, number>();
  const lostAt = new Map<string, number>();
  const empty = new Map<string, { since: number; line: string; reported: boolean }>();
  const found: string[] = [];

  const overdue = (now: number) => {
    for (const one of empty.values()) {
      if (one.reported || (tolerance > 0 && now - one.since <= tolerance)) continue;
      one.reported = true;
      found.push(
        `${one.line}, which ${Number.isFinite(one.since) ? `had no ready pod for ${now - one.since} ms` : "never had a ready pod"}`,
      );
    }
  };
  const count = (pods: string | undefined, change: number, at: number) => {
    if (pods === undefined) return;
    const left = (ready.get(pods) ?? 0) + change;
    ready.set(pods, left);
    if (left === 0) lostAt.set(pods, at);
  };

  const relevant = events.filter((event) => event.kind === "Pod" || event.kind === "VirtualService");
  const begin = events.filter((event) => event.type === "LISTED" && event.kind === "Pod");
  for (const event of begin) count(readyHash(event), 1, event.at);

  replay(relevant, (event, world, before) => {
    overdue(event.at);
    if (event.kind === "Pod" && event.type !== "LISTED") {
      count(event.type === "DELETED" ? undefined : readyHash(event), 1, event.at);
      count(before === undefined ? undefined : readyHash(before), -1, event.at);
    }
    const now = emptyDestinations(event, world, ready);
    for (const key of empty.keys()) if (!now.has(key)) empty.delete(key);
    for (const [key, { pods, line }] of now) {
      if (!empty.has(key)) empty.set(key, { since: lostAt.get(pods) ?? Number.NEGATIVE_INFINITY, line, reported: false });
    }
    overdue(event.at);
  });
  overdue(events.reduce((last, event) => Math.max(last, event.at), 0));
  return found;
}

function emptyDestinations(event: RecordedEvent, world: World, ready: ReadonlyMap<string, number>) {
  const found = new Map<string, { pods: string; line: string }>();
  for (const vs of world.list("VirtualService")) {
    for (const route of routesOf(vs)) {
      for (const d of route.destinations) {
        const hash = hashOf(d.subset);
        const pods = `${d.ns}/${hash}`;
        if (hash === undefined || !sends(d) || (ready.get(pods) ?? 0) > 0) continue;
        const where = `VirtualService ${vs.ns}/${vs.name} ${route.title}`;
        found.set(`${where} ${d.title}`, { pods, line: `${stamp(event)}: ${where} sends ${d.weight} to ${d.title}` });
      }
    }
  }
  return found;
}

/** `<namespace>/<pod-template-hash>` of a pod that gets requests. */
function readyHash({ ns, object }: RecordedEvent): string | undefined {
  const hash = object.metadata.labels?.["pod-template-hash"];
  const { conditions } = (object.status ?? {}) as { conditions?: { type: string; status: string }[] };
  const ready = object.metadata.deletionTimestamp === undefined && conditions?.some((c) => c.type === "Ready" && c.status === "True");
  return ready && hash !== undefined ? `${ns}/${hash}` : undefined;
}
