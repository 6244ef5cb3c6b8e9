import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Observed, type WatchCache, watchCache } from "../../src/kube/watchCache.ts";

type Told = [key: string, before: string | undefined, after: string | undefined];

function aCache(): { cache: WatchCache<string>; told: Told[] } {
  const told: Told[] = [];
  const cache = watchCache<string>({ letter: (value) => [...new Set(value)] }, (...change) => told.push(change));
  return { cache, told };
}
function seen(name: string, version: number, value: string | undefined, uid = "u1"): Observed<string> {
  return { key: `shop/${name}`, namespace: "shop", uid, version: BigInt(version), value };
}

describe("what is told", () => {
  test("added, changed, deleted", () => {
    const { cache, told } = aCache();
    cache.replaceAll([seen("a", 1, "x")], 3n);
    cache.apply("ADDED", seen("b", 4, "y"));
    cache.apply("MODIFIED", seen("a", 5, "z"));
    cache.apply("DELETED", seen("b", 6, "y"));
    expect(told).toEqual([
      ["shop/a", undefined, "x"],
      ["shop/b", undefined, "y"],
      ["shop/a", "x", "z"],
      ["shop/b", "y", undefined],
    ]);
    expect([cache.get("shop/a"), cache.get("shop/b"), cache.position]).toEqual(["z", undefined, 6n]);
  });

  test("duplicates and late events are ignored, also of what is gone", () => {
    const { cache, told } = aCache();
    cache.replaceAll([seen("a", 10, "new")], 10n);
    cache.apply("DELETED", seen("b", 12, "b"));
    expect(cache.apply("DELETED", seen("b", 12, "b"))).toBe(false);
    expect(cache.apply("MODIFIED", seen("a", 9, "old"))).toBe(false);
    expect(cache.apply("ADDED", seen("b", 11, "b"))).toBe(false);
    expect(cache.apply("DELETED", seen("a", 10, "new"))).toBe(false);
    expect(told).toEqual([["shop/a", undefined, "new"]]);
    expect(cache.get("shop/b")).toBeUndefined();
  });

  test("a relist tells what vanished and what changed, and nothing of what stayed", () => {
    const { cache, told } = aCache();
    cache.replaceAll([seen("a", 1, "a"), seen("b", 2, "b"), seen("c", 3, "c")], 3n);
    told.length = 0;
    cache.replaceAll([seen("b", 7, "bb"), seen("c", 3, "c"), seen("b", 5, "stale duplicate of a page")], 9n);
    expect(told).toEqual([
      ["shop/a", "a", undefined],
      ["shop/b", "b", "bb"],
    ]);
    expect(cache.position).toBe(9n);
  });

  test.each(["event", "list"])("deleted and made again under its name is two changes (%s)", (by) => {
    const { cache, told } = aCache();
    cache.replaceAll([seen("a", 1, "first")], 1n);
    const again = seen("a", 5, "second", "u2");
    by === "event" ? cache.apply("ADDED", again) : cache.replaceAll([again], 6n);
    expect(told.slice(1)).toEqual([
      ["shop/a", "first", undefined],
      ["shop/a", undefined, "second"],
    ]);
  });

  test("what the projection does not want counts as absent", () => {
    const { cache, told } = aCache();
    cache.replaceAll([seen("a", 1, undefined), seen("b", 2, "b")], 2n);
    cache.apply("MODIFIED", seen("b", 3, undefined));
    cache.apply("MODIFIED", seen("a", 4, "a"));
    expect(told).toEqual([
      ["shop/b", undefined, "b"],
      ["shop/b", "b", undefined],
      ["shop/a", undefined, "a"],
    ]);
    expect(cache.size).toBe(1);
  });
});

describe("reading our own writes", () => {
  test("caught up when the write itself comes", () => {
    const { cache, told } = aCache();
    cache.replaceAll([seen("a", 1, "a")], 1n);
    expect(cache.caughtUp("shop/a")).toBe(true);
    cache.noteWritten("shop/a", 5n);
    expect(cache.caughtUp("shop/a")).toBe(false);
    cache.apply("MODIFIED", seen("a", 4, "somebody else's"));
    expect(cache.caughtUp("shop/a")).toBe(false);
    cache.apply("MODIFIED", seen("a", 5, "ours"));
    expect(cache.caughtUp("shop/a")).toBe(true);
    expect(told.slice(1)).toEqual([
      ["shop/a", "a", "somebody else's"],
      ["shop/a", "somebody else's", "ours"],
    ]);
  });

  test.each<[string, (cache: WatchCache<string>) => void]>([
    ["a bookmark", (cache) => cache.advance(6n)],
    ["an event of another object", (cache) => cache.apply("ADDED", seen("b", 6, "b"))],
    ["its own deletion", (cache) => cache.apply("DELETED", seen("a", 6, "a"))],
    ["a new list", (cache) => cache.replaceAll([seen("a", 1, "a")], 6n)],
  ])("caught up by %s, and whoever waits is told", (_, news) => {
    const { cache, told } = aCache();
    cache.replaceAll([seen("a", 1, "a")], 1n);
    cache.noteWritten("shop/a", 5n);
    told.length = 0;
    news(cache);
    expect(cache.caughtUp("shop/a")).toBe(true);
    expect(told.map(([key]) => key)).toContain("shop/a");
  });

  test("a write whose event came before its answer is caught up at once", () => {
    const { cache } = aCache();
    cache.replaceAll([seen("a", 1, "a")], 1n);
    cache.apply("MODIFIED", seen("a", 5, "ours"));
    cache.noteWritten("shop/a", 5n);
    expect(cache.caughtUp("shop/a")).toBe(true);
  });

  test("notes don't outlive a store that was set back", () => {
    const { cache } = aCache();
    cache.replaceAll([], 50n);
    cache.noteWritten("shop/a", 60n);
    cache.replaceAll([], 20n);
    expect(cache.caughtUp("shop/a")).toBe(true);
    expect(cache.position).toBe(20n);
  });
});

test("indexes follow the values, and an unknown one is named as such", () => {
  const { cache } = aCache();
  cache.replaceAll([seen("a", 1, "xy"), seen("b", 2, "yz")], 2n);
  expect(cache.index("letter", "y").sort()).toEqual(["xy", "yz"]);
  cache.apply("MODIFIED", seen("a", 3, "x"));
  expect([cache.index("letter", "y"), cache.index("letter", "w"), cache.byNamespace("shop").sort()]).toEqual([["yz"], [], ["x", "yz"]]);
  expect(cache.byNamespace("other")).toEqual([]);
  expect(() => cache.index("colour", "red")).toThrow("no index by colour");
});

/** One write of an imagined server; uid changes when a name is used again. */
const write = fc.record({ name: fc.constantFrom("a", "b", "c"), remove: fc.boolean(), value: fc.constantFrom("x", "xy", "z", undefined) });
type Step = { type: "ADDED" | "MODIFIED" | "DELETED"; observed: Observed<string> };

function history(writes: { name: string; remove: boolean; value: string | undefined }[]): {
  steps: Step[];
  worlds: Map<string, Observed<string>>[];
} {
  const worlds = [new Map<string, Observed<string>>()];
  const steps: Step[] = [];
  for (const { name, remove, value } of writes) {
    const world = new Map(worlds.at(-1));
    const held = world.get(name);
    const version = worlds.length;
    if (remove && held) {
      world.delete(name);
      steps.push({ type: "DELETED", observed: { ...held, version: BigInt(version) } });
    } else {
      const observed = seen(name, version, value, held?.uid ?? `u${version}`);
      world.set(name, observed);
      steps.push({ type: held ? "MODIFIED" : "ADDED", observed });
    }
    worlds.push(world);
  }
  return { steps, worlds };
}

test("whatever is repeated, late or listed in between: the copy is the world, and the changes that were told lead there", () => {
  fc.assert(
    fc.property(fc.array(write, { maxLength: 30 }), fc.infiniteStream(fc.nat()), (writes, random) => {
      const { steps, worlds } = history(writes);
      const { cache, told } = aCache();
      let reached = 0;
      cache.replaceAll([], 0n);
      while (reached < steps.length) {
        const choice = random.next().value ?? 0;
        if (choice % 5 === 0) {
          reached = Math.min(steps.length, reached + (choice % 3));
          cache.replaceAll(worlds[reached]?.values() ?? [], BigInt(reached));
        } else if (choice % 5 === 1 && reached > 0) {
          const late = steps[choice % reached];
          late && cache.apply(late.type, late.observed);
        } else {
          const next = steps[reached++];
          next && cache.apply(next.type, next.observed);
        }
        const replayed = new Map<string, string>();
        for (const [key, before, after] of told) {
          expect(replayed.get(key)).toBe(before);
          after === undefined ? replayed.delete(key) : replayed.set(key, after);
        }
        const wanted = [...(worlds[reached]?.values() ?? [])].flatMap((one) =>
          one.value === undefined ? [] : [[one.key, one.value] as const],
        );
        expect(new Map(replayed)).toEqual(new Map(wanted));
        expect(cache.values().sort()).toEqual(wanted.map(([, value]) => value).sort());
        expect(cache.index("letter", "x").sort()).toEqual(
          wanted
            .map(([, value]) => value)
            .filter((value) => value.includes("x"))
            .sort(),
        );
      }
    }),
    { numRuns: 150 },
  );
});
