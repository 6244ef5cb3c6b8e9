/**
 * What a reflector knows: the projected objects, and how far the server's history has been read. No I/O.
 *
 * Order is the server's: within one kind each write has a higher resourceVersion than all before it, and a watch sends
 * them in that order (KEP-5504 makes this a promise). So one number, the *position*, tells everything: an event at or
 * below it is a duplicate or late and is ignored; a write of ours at or below it has been seen.
 */
import { type IndexFunctions, indexedStore } from "./indexedStore.ts";

/** One object as it was listed or watched. */
export interface Observed<T> {
  key: string;
  /** "" for cluster-wide kinds. */
  namespace: string;
  uid: string;
  version: bigint;
  /** undefined: the projection does not want it, so it counts as absent. */
  value: T | undefined;
}

export type OnChange<T> = (key: string, before: T | undefined, after: T | undefined) => void;

export interface WatchCache<T> {
  readonly size: number;
  /** The resourceVersion up to which everything has been seen. */
  readonly position: bigint;
  get(key: string): T | undefined;
  values(): T[];
  byNamespace(namespace: string): T[];
  index(name: string, indexKey: string): T[];
  /** A complete list takes the place of all that is held; what is not in it has vanished. */
  replaceAll(listed: Iterable<Observed<T>>, version: bigint): void;
  /** @returns false when the event was a duplicate or late and has been ignored */
  apply(type: "ADDED" | "MODIFIED" | "DELETED", observed: Observed<T>): boolean;
  /** The server's history goes at least this far, with nothing new for us. */
  advance(version: bigint): void;
  noteWritten(key: string, version: bigint): void;
  caughtUp(key: string): boolean;
}

type Held<T> = Observed<T> & { value: T };
type Change<T> = [key: string, before: T | undefined, after: T | undefined];

export function watchCache<T>(indexes: IndexFunctions<T>, onChange: OnChange<T>): WatchCache<T> {
  const ofHeld = Object.entries(indexes).map(([name, keys]) => [`by ${name}`, (held: Held<T>) => keys(held.value)] as const);
  const store = indexedStore<Held<T>>({ namespace: (held) => [held.namespace], ...Object.fromEntries(ofHeld) });
  /** Our own writes that no event has confirmed yet. */
  const written = new Map<string, bigint>();
  let position = 0n;

  /** Stores what was observed. An object that was deleted and made again under its name is two changes, not one. */
  const take = (observed: Observed<T>): Change<T>[] => {
    const { key, value } = observed;
    const held = store.get(key);
    if (value === undefined) {
      return drop(key);
    }
    if (held?.uid === observed.uid && held.version === observed.version) {
      return [];
    }
    store.put(key, { ...observed, value });
    if (held !== undefined && held.uid !== observed.uid) {
      return [
        [key, held.value, undefined],
        [key, undefined, value],
      ];
    }
    return [[key, held?.value, value]];
  };

  const drop = (key: string): Change<T>[] => {
    const held = store.get(key);
    store.remove(key);
    return held === undefined ? [] : [[key, held.value, undefined]];
  };

  /** Tells of the changes, and then of each write that is confirmed by the position alone: somebody waits for it. */
  const tell = (changes: Change<T>[]): void => {
    for (const [key, before, after] of changes) {
      onChange(key, before, after);
    }
    const told = new Set(changes.map(([key]) => key));
    for (const [key, version] of written) {
      if (version <= position) {
        written.delete(key);
        if (!told.has(key)) {
          const value = store.get(key)?.value;
          onChange(key, value, value);
        }
      }
    }
  };

  return {
    get size() {
      return store.size;
    },
    get position() {
      return position;
    },
    get: (key) => store.get(key)?.value,
    values: () => Array.from(store.values(), (held) => held.value),
    byNamespace: (namespace) => store.index("namespace", namespace).map((held) => held.value),
    index: (name, indexKey) => store.index(`by ${name}`, indexKey).map((held) => held.value),
    replaceAll(listed, version) {
      const newest = new Map<string, Observed<T>>();
      for (const observed of listed) {
        const other = newest.get(observed.key);
        if (other === undefined || other.version < observed.version) {
          newest.set(observed.key, observed);
        }
      }
      const vanished = [...store.keys()].filter((key) => !newest.has(key));
      const changes = [...vanished.flatMap(drop), ...[...newest.values()].flatMap(take)];
      if (version < position) {
        written.clear(); // the server's store was set back, so what we wrote may never come
      }
      position = version;
      tell(changes);
    },
    apply(type, observed) {
      if (observed.version <= position) {
        return false;
      }
      position = observed.version;
      tell(type === "DELETED" ? drop(observed.key) : take(observed));
      return true;
    },
    advance(version) {
      if (version > position) {
        position = version;
        tell([]);
      }
    },
    noteWritten(key, version) {
      if (version > position && version > (written.get(key) ?? 0n)) {
        written.set(key, version);
      }
    },
    caughtUp: (key) => (written.get(key) ?? 0n) <= position,
  };
}
