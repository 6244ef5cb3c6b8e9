import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { createQueue, type Failure, type Queue, type Result } from "../../src/worker/queue.ts";
import { HandClock, settled } from "./handClock.ts";

let clock: HandClock;
let queue: Queue;
let processed: string[];
let failures: Failure[];

beforeEach(() => {
  clock = new HandClock();
  processed = [];
  failures = [];
  queue = createQueue({ clock, random: () => 1, onFailure: (failure) => failures.push(failure) });
});

/** Records each start, and answers with this. */
function recording(answer: (key: string) => Promise<Result> = async () => undefined): (key: string) => Promise<Result> {
  return (key) => {
    processed.push(key);
    return answer(key);
  };
}
/** A processing that the test ends by hand. */
function held(): {
  process: (key: string) => Promise<Result>;
  finish: (key: string, result?: Result) => void;
  fail: (key: string) => void;
} {
  const open = new Map<string, PromiseWithResolvers<Result>>();
  return {
    process: recording((key) => {
      const deferred = Promise.withResolvers<Result>();
      open.set(key, deferred);
      return deferred.promise;
    }),
    finish: (key, result) => open.get(key)?.resolve(result),
    fail: (key) => open.get(key)?.reject(new Error("no")),
  };
}

describe("waiting", () => {
  test("a key added ten times is processed once, in the order of first mention", async () => {
    for (const key of ["b", "a", "b", "b", "c", "a"]) {
      queue.add(key);
    }
    expect(queue.depth).toBe(3);
    queue.start(recording(), 1);
    await queue.idle();
    expect(processed).toEqual(["b", "a", "c"]);
  });

  test("a key added while it runs is processed once more, and never beside itself", async () => {
    const { process, finish } = held();
    queue.start(process, 5);
    queue.add("a");
    await settled();
    queue.add("a");
    queue.add("a");
    await settled();
    expect(processed).toEqual(["a"]);
    finish("a");
    await settled();
    expect(processed).toEqual(["a", "a"]);
    finish("a");
    await queue.idle();
    expect(processed).toEqual(["a", "a"]);
  });

  test("depth and age count those that wait for a free hand", async () => {
    const { process, finish } = held();
    queue.start(process, 1);
    queue.add("a");
    queue.add("b");
    await clock.advance(70);
    queue.add("c");
    expect([queue.depth, queue.oldestAge]).toEqual([2, 70]);
    finish("a");
    await settled();
    expect([queue.depth, queue.oldestAge]).toEqual([1, 0]);
  });

  test("processing begins only when the callback that added the key has returned", async () => {
    queue.start(recording(), 1);
    queue.add("a");
    expect(processed).toEqual([]);
    await queue.idle();
    expect(processed).toEqual(["a"]);
  });
});

describe("delays", () => {
  test("of several the earliest counts, and once", async () => {
    queue.start(recording(), 1);
    queue.addAfter("a", 500);
    queue.addAfter("a", 200);
    queue.addAfter("a", 300);
    await clock.advance(199);
    expect(processed).toEqual([]);
    await clock.advance(1);
    expect(processed).toEqual(["a"]);
    await clock.advance(1_000);
    expect(processed).toEqual(["a"]);
  });

  test("a key that is added meanwhile keeps its delay", async () => {
    queue.start(recording(), 1);
    queue.addAfter("a", 200);
    queue.add("a");
    await clock.advance(100);
    expect(processed).toEqual(["a"]);
    await clock.advance(100);
    expect(processed).toEqual(["a", "a"]);
  });

  test.each([0, -5, Number.NaN])("a delay of %d is none", async (delay) => {
    queue.start(recording(), 1);
    queue.addAfter("a", delay);
    await queue.idle();
    expect(processed).toEqual(["a"]);
  });

  test("ninety days are longer than a timer can count", async () => {
    queue.start(recording(), 1);
    queue.addAfter("a", 90 * 86_400_000);
    await clock.advance(89 * 86_400_000);
    expect(processed).toEqual([]);
    await clock.advance(86_400_000);
    expect(processed).toEqual(["a"]);
  });

  test("wakeAfter of the result", async () => {
    let wakeAfter: number | undefined = 40;
    queue.start(
      recording(async () => ({ wakeAfter })),
      1,
    );
    queue.add("a");
    await clock.advance(39);
    expect(processed).toEqual(["a"]);
    wakeAfter = undefined;
    await clock.advance(1_000);
    expect(processed).toEqual(["a", "a"]);
    expect(clock.pending).toBe(0);
  });
});

describe("failures", () => {
  test("come again after 50 ms, doubling up to 30 s, and are forgotten on success", async () => {
    let broken = true;
    queue.start(
      recording(async () => {
        if (broken) {
          throw new Error("no");
        }
        return undefined;
      }),
      1,
    );
    queue.add("a");
    await clock.advance(200_000);
    expect(failures.slice(0, 11).map(({ retryInMs }) => retryInMs)).toEqual([
      50, 100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000,
    ]);
    expect(failures.at(-1)?.times).toBe(failures.length);
    broken = false;
    await clock.advance(30_000);
    expect(clock.pending).toBe(0);
    broken = true;
    queue.add("a");
    await settled();
    expect(failures.at(-1)).toMatchObject({ key: "a", times: 1, retryInMs: 50 });
  });

  test("jitter takes up to a quarter", async () => {
    const other = createQueue({ clock, random: () => 0, onFailure: (failure) => failures.push(failure) });
    other.start(() => Promise.reject(new Error("no")), 1);
    other.add("a");
    await settled();
    expect(failures[0]?.retryInMs).toBe(37.5);
  });

  test("of one key delay no other; news end the pause", async () => {
    const { process, finish, fail } = held();
    queue.start(process, 2);
    queue.add("a");
    queue.add("b");
    await settled();
    fail("a");
    finish("b");
    await settled();
    queue.add("a");
    await settled();
    expect(processed).toEqual(["a", "b", "a"]);
  });

  test("even a listener that throws loses no key", async () => {
    const other = createQueue({
      clock,
      onFailure() {
        throw new Error("listener");
      },
    });
    let runs = 0;
    other.start(() => {
      runs += 1;
      throw new Error("thrown, not rejected");
    }, 1);
    other.add("a");
    await clock.advance(60);
    expect(runs).toBe(2);
  });
});

describe("the end", () => {
  test("stop forgets what waits and waits for what runs", async () => {
    const { process, finish } = held();
    queue.start(process, 1);
    queue.add("a");
    queue.add("b");
    queue.addAfter("c", 10);
    await settled();
    queue.add("a");
    let stopped = false;
    const stopping = queue.stop().then(() => {
      stopped = true;
    });
    queue.add("d");
    await clock.advance(100);
    expect(stopped).toBe(false);
    finish("a", { wakeAfter: 5 });
    await stopping;
    await clock.advance(100);
    expect([processed, clock.pending, queue.depth]).toEqual([["a"], 0, 0]);
  });

  test("drain processes what waits", async () => {
    queue.add("a");
    queue.add("b");
    queue.addAfter("c", 10);
    queue.start(recording(), 1);
    const draining = queue.drain();
    queue.add("d");
    await draining;
    expect(processed).toEqual(["a", "b"]);
  });
});

/** What a caller may do, and when a processing ends, in any order. */
const step = fc.oneof(
  fc.record({ do: fc.constant("add" as const), key: fc.nat(3) }),
  fc.record({ do: fc.constant("later" as const), key: fc.nat(3), ms: fc.integer({ min: 1, max: 300 }) }),
  fc.record({ do: fc.constant("finish" as const), key: fc.nat(3) }),
  fc.record({ do: fc.constant("fail" as const), key: fc.nat(3) }),
  fc.record({ do: fc.constant("wait" as const), key: fc.constant(0), ms: fc.integer({ min: 1, max: 100 }) }),
);

test("whatever is done in whatever order: no key is lost, none runs beside itself, none runs without cause", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 3 }), async (steps, concurrency) => {
      const hand = new HandClock();
      const keys = createQueue({ clock: hand });
      const open = new Map<string, PromiseWithResolvers<Result>>();
      /** Keys that must be processed once more: asked for since their last start. */
      const owed = new Set<string>();
      let asked = 0;
      let starts = 0;
      let most = 0;
      keys.start((key) => {
        expect(open.has(key)).toBe(false);
        const deferred = Promise.withResolvers<Result>();
        open.set(key, deferred);
        owed.delete(key);
        starts += 1;
        most = Math.max(most, open.size);
        return deferred.promise;
      }, concurrency);
      const end = (key: string, well: boolean): void => {
        const deferred = open.get(key);
        open.delete(key);
        if (deferred && !well) {
          asked += 1;
          owed.add(key);
        }
        well ? deferred?.resolve(undefined) : deferred?.reject(new Error("no"));
      };
      for (const one of steps) {
        const key = `k${one.key}`;
        if (one.do === "add" || one.do === "later") {
          asked += 1;
          owed.add(key);
          one.do === "add" ? keys.add(key) : keys.addAfter(key, one.ms);
        } else if (one.do === "wait") {
          await hand.advance(one.ms);
        } else {
          end(key, one.do === "finish");
        }
        await settled();
      }
      for (let round = 0; round < 50 && (owed.size > 0 || open.size > 0); round++) {
        for (const key of [...open.keys()]) {
          end(key, true);
        }
        await hand.advance(1_000);
      }
      expect([...owed]).toEqual([]);
      expect(most).toBeLessThanOrEqual(concurrency);
      expect(starts).toBeLessThanOrEqual(asked);
    }),
    { numRuns: 100 },
  );
});
