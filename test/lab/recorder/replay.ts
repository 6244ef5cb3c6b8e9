import type { RecordedEvent } from "./recordedEvent.ts";

/** The cluster as it was stored at one moment of the record. */
export interface World {
  get(kind: string, ns: string, name: string): RecordedEvent | undefined;
  list(kind: string, ns?: string): RecordedEvent[];
}

/**
 * Goes through the record in the order of storage; `visit` sees each change together with the world right after it and
 * with what the object was before. What was there at the start is there before the first visit.
 */
export function replay(
  events: readonly RecordedEvent[],
  visit: (event: RecordedEvent, world: World, before: RecordedEvent | undefined) => void,
): World {
  const kinds = new Map<string, Map<string, RecordedEvent>>();
  const ofKind = (kind: string) => kinds.get(kind) ?? new Map<string, RecordedEvent>();
  const world: World = {
    get: (kind, ns, name) => ofKind(kind).get(`${ns}/${name}`),
    list: (kind, ns) => [...ofKind(kind).values()].filter((event) => ns === undefined || event.ns === ns),
  };
  const apply = (event: RecordedEvent): RecordedEvent | undefined => {
    const objects = ofKind(event.kind);
    kinds.set(event.kind, objects);
    const key = `${event.ns}/${event.name}`;
    const before = objects.get(key);
    if (event.type === "DELETED") objects.delete(key);
    else objects.set(key, event);
    return before;
  };

  const initial = events.filter((event) => event.type === "LISTED");
  for (const event of initial) apply(event);
  for (const event of initial) visit(event, world, undefined);
  for (const event of events.filter((e) => e.type !== "LISTED").sort((a, b) => a.rv - b.rv)) {
    const before = apply(event);
    visit(event, world, before);
  }
  return world;
}
