/** Values by key, with secondary indexes that are kept up as values come and go. */
export interface IndexedStore<T> {
  readonly size: number;
  get(key: string): T | undefined;
  keys(): MapIterator<string>;
  values(): MapIterator<T>;
  /** All values whose index function named this index key, in no particular order. */
  index(name: string, indexKey: string): T[];
  put(key: string, value: T): void;
  remove(key: string): void;
}

/** An index function names the index keys of a value; it must say the same for the same value each time. */
export type IndexFunctions<T> = Record<string, (value: T) => string[]>;

export function indexedStore<T>(functions: IndexFunctions<T>): IndexedStore<T> {
  const values = new Map<string, T>();
  const indexes = new Map(
    Object.entries(functions).map(([name, indexKeys]) => [name, { indexKeys, found: new Map<string, Map<string, T>>() }]),
  );

  const unlink = (key: string, value: T): void => {
    for (const { indexKeys, found } of indexes.values()) {
      for (const indexKey of indexKeys(value)) {
        const bucket = found.get(indexKey);
        bucket?.delete(key);
        if (bucket?.size === 0) {
          found.delete(indexKey);
        }
      }
    }
  };
  const link = (key: string, value: T): void => {
    for (const { indexKeys, found } of indexes.values()) {
      for (const indexKey of indexKeys(value)) {
        const bucket = found.get(indexKey) ?? new Map<string, T>();
        bucket.set(key, value);
        found.set(indexKey, bucket);
      }
    }
  };
  const remove = (key: string): void => {
    const value = values.get(key);
    if (value !== undefined) {
      unlink(key, value);
      values.delete(key);
    }
  };

  return {
    get size() {
      return values.size;
    },
    get: (key) => values.get(key),
    keys: () => values.keys(),
    values: () => values.values(),
    index(name, indexKey) {
      const index = indexes.get(name);
      if (!index) {
        throw new Error(`there is no index ${name}; there are: ${[...indexes.keys()].join(", ") || "none"}`);
      }
      return [...(index.found.get(indexKey)?.values() ?? [])];
    },
    put(key, value) {
      remove(key);
      values.set(key, value);
      link(key, value);
    },
    remove,
  };
}
