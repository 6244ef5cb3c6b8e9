import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ApiError } from "../../src/kube/apiError.ts";
import { createClient } from "../../src/kube/client.ts";
import { type Connection, connectWith } from "../../src/kube/connection.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import { type ReflectOptions, type Reflector, reflect, type Timing, type Trouble } from "../../src/kube/reflector.ts";
import { resources } from "../../src/kube/resources.ts";
import { accessTo } from "./accessTo.ts";
import { ApiServerDouble, status } from "./apiServerDouble.ts";

const collection = "/apis/apps/v1/deployments";
const quick: Timing = { silence: 5_000, backoff: { first: 5, longest: 20 }, kindRetry: 60, shortestWatch: 0 };

let server: ApiServerDouble;
let connection: Connection;
let reflector: Reflector<number> | undefined;
let told: string[];
let troubles: Trouble[];

beforeEach(async () => {
  server = await new ApiServerDouble().start();
  connection = connectWith(accessTo(server.url), { userAgent: "serin-test/1" });
  told = [];
  troubles = [];
});
afterEach(async () => {
  reflector?.stop();
  await connection.close();
  await server.stop();
});

function start(options: Partial<ReflectOptions<KubeObject, number>> = {}): Reflector<number> {
  reflector = reflect<KubeObject, number>(createClient(connection), resources.deployments, {
    project: (raw) => raw["n"] as number,
    onChange: (key, before, after) => told.push(`${key} ${before}→${after}`),
    onTrouble: (trouble) => troubles.push(trouble),
    timing: { ...quick, ...options.timing },
    ...options,
  });
  return reflector;
}
/** Starts, and waits for the first watch. */
async function started(options: Partial<ReflectOptions<KubeObject, number>> = {}): Promise<Reflector<number>> {
  const made = start(options);
  await made.synced;
  await server.until(() => server.watches.length === 1);
  return made;
}
const lists = (): number => server.seen.filter((seen) => !seen.query.has("watch")).length;
const watchesAsked = (): string[] =>
  server.seen.filter((seen) => seen.query.has("watch")).map(({ query }) => query.get("resourceVersion") ?? "");
const until = (condition: () => void): Promise<void> => vi.waitFor(condition, { timeout: 3_000, interval: 2 });
const reasons = (): string[] => troubles.map(({ error }) => (error as ApiError).reason);

test("lists, watches from there, and keeps the projection only", async () => {
  server.put(collection, "a", { n: 1, secret: "x" });
  const copy = await started({ labelSelector: "app=a", fieldSelector: "metadata.name=a", namespace: "shop" });
  server.put(collection, "b", { n: 2 });
  server.put(collection, "a", { n: 3 });
  server.delete(collection, "b");
  await until(() => expect(told).toEqual(["shop/a undefined→1", "shop/b undefined→2", "shop/a 1→3", "shop/b 2→undefined"]));
  expect([copy.values(), copy.get("shop/a"), copy.byNamespace("shop"), copy.resourceVersion]).toEqual([[3], 3, [3], "104"]);
  const [list, watch] = server.seen;
  expect(list?.path).toBe("/apis/apps/v1/namespaces/shop/deployments");
  expect(Object.fromEntries(list?.query ?? [])).toMatchObject({ limit: "100", labelSelector: "app=a", fieldSelector: "metadata.name=a" });
  expect(Object.fromEntries(watch?.query ?? [])).toMatchObject({
    allowWatchBookmarks: "true",
    resourceVersion: "101",
    labelSelector: "app=a",
  });
  const seconds = Number(watch?.query.get("timeoutSeconds"));
  expect(seconds >= 290 && seconds <= 590).toBe(true);
  expect(troubles).toEqual([]);
});

describe("the watch ends", () => {
  test("in good order: a new watch from the last resourceVersion, no list", async () => {
    await started();
    server.put(collection, "a", { n: 1 });
    await until(() => expect(told).toHaveLength(1));
    server.endWatches();
    await server.until(() => server.watches.length === 1);
    server.put(collection, "a", { n: 2 });
    await until(() => expect(told).toEqual(["shop/a undefined→1", "shop/a 1→2"]));
    expect([lists(), watchesAsked()]).toEqual([1, ["100", "101"]]);
  });

  test("by a cut connection: what happened meanwhile is not missed", async () => {
    server.put(collection, "a", { n: 1 });
    await started();
    server.fault = (seen) => (seen.query.has("watch") ? "cut" : undefined);
    server.cutWatches();
    server.put(collection, "a", { n: 2 });
    server.delete(collection, "a");
    server.put(collection, "a", { n: 3 });
    await server.until(() => watchesAsked().length > 3);
    server.fault = () => undefined;
    await until(() => expect(told).toEqual(["shop/a undefined→1", "shop/a 1→2", "shop/a 2→undefined", "shop/a undefined→3"]));
    expect(lists()).toBe(1);
  });

  test("again and again: the pauses grow, and are short again once something came", async () => {
    server.fault = (seen) => (seen.query.has("watch") ? "cut" : undefined);
    start({ timing: { ...quick, backoff: { first: 4, longest: 64 } } });
    await until(() => expect(troubles.length).toBeGreaterThan(5));
    expect(troubles.slice(0, 5).map(({ retryInMs }, i) => retryInMs > 2 * 2 ** i && retryInMs <= 4 * 2 ** i)).toEqual([
      true,
      true,
      true,
      true,
      true,
    ]);
    server.fault = () => undefined;
    await server.until(() => server.watches.length === 1);
    server.put(collection, "a", { n: 1 });
    await until(() => expect(told).toHaveLength(1));
    troubles.length = 0;
    server.cutWatches();
    await until(() => expect(troubles[0]?.retryInMs).toBeLessThanOrEqual(4));
  });

  test("by 410 as a status or as an event: a new list tells what vanished, changed and came", async () => {
    server.put(collection, "a", { n: 1 });
    server.put(collection, "b", { n: 2 });
    await started();
    server.fault = (seen) => (seen.query.has("watch") ? "cut" : undefined);
    server.cutWatches();
    server.delete(collection, "a");
    server.put(collection, "c", { n: 3 });
    server.compact();
    server.fault = () => undefined;
    await until(() => expect(told.slice(2)).toEqual(["shop/a 1→undefined", "shop/c undefined→3"]));
    await server.until(() => server.watches.length === 1);
    server.line(JSON.stringify({ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired", message: "too old" } }));
    await server.until(() => lists() === 3);
    expect(reasons().filter((reason) => reason === "Expired")).toHaveLength(2);
  });

  test("by a garbage line: a new watch, and a new list when that gets nowhere either", async () => {
    await started();
    server.line('{"type": "ADD');
    await server.until(() => watchesAsked().length === 2 && server.watches.length === 1);
    expect(lists()).toBe(1);
    server.line('{"type": "LATER", "object": {}}');
    await server.until(() => lists() === 2 && server.watches.length === 1);
    expect(reasons()).toEqual(["BadAnswer", "BadAnswer"]);
  });

  test("by silence: torn down and opened again; a second time it lists", async () => {
    const copy = await started({ timing: { ...quick, silence: 60 } });
    await server.until(() => lists() === 2 && server.watches.length === 1);
    expect(reasons()).toEqual(["Silent", "Silent"]);
    expect(String(troubles[0]?.error)).toBe(
      "ApiError: watch deployments.apps: Silent: no byte for 0.06 s, though bookmarks come once a minute",
    );
    expect(copy.secondsSinceLastByte()).toBeLessThan(1);
  });

  test("never while bytes come", async () => {
    const copy = await started({ timing: { ...quick, silence: 200 } });
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 60));
      server.version += 1;
      server.bookmark();
    }
    await until(() => expect(copy.resourceVersion).toBe("105"));
    expect([copy.resourceVersion, troubles.length, lists(), watchesAsked().length]).toEqual(["105", 0, 1, 1]);
  });

  test("at once and empty: not asked again without a pause", async () => {
    server.fault = (seen) => (seen.query.has("watch") ? { code: 200, body: "" } : undefined);
    start({ timing: { ...quick, shortestWatch: 1_000 } });
    await until(() => expect(troubles.length).toBeGreaterThan(3));
    expect(reasons()[0]).toBe("ShortWatch");
    expect(troubles[0]?.retryInMs).toBeGreaterThanOrEqual(2.5);
    expect(troubles[3]?.retryInMs).toBeGreaterThanOrEqual(10);
  });
});

describe("odd servers", () => {
  test("duplicate and older events, also of an object that is gone", async () => {
    const first = server.put(collection, "a", { n: 1 });
    const copy = await started();
    server.put(collection, "a", { n: 2 });
    server.delete(collection, "a");
    server.line(JSON.stringify({ type: "ADDED", object: first }));
    server.line(JSON.stringify({ type: "MODIFIED", object: first }));
    server.put(collection, "b", { n: 9 });
    await until(() => expect(told).toEqual(["shop/a undefined→1", "shop/a 1→2", "shop/a 2→undefined", "shop/b undefined→9"]));
    expect(copy.values()).toEqual([9]);
  });

  test("a bookmark from the past means that the store was set back: after three refusals the list is believed", async () => {
    server.put(collection, "a", { n: 1 });
    server.version = 500;
    server.put(collection, "b", { n: 2 });
    const copy = await started();
    server.delete(collection, "b");
    await until(() => expect(copy.resourceVersion).toBe("502"));
    server.version = 200;
    server.compact(); // what the store forgot, a watch from 200 on must not tell
    server.bookmark();
    await until(() => expect(copy.resourceVersion).toBe("200"));
    expect(reasons()).toEqual(["Stale", "Stale", "Stale", "Stale"]);
    expect(copy.values()).toEqual([1]);
  });

  test("the first list fails for a while", async () => {
    server.put(collection, "a", { n: 1 });
    let left = 2;
    server.fault = () => (left-- > 0 ? status(403, "Forbidden", "not yet") : undefined);
    const copy = start();
    expect(copy.isSynced).toBe(false);
    await copy.synced;
    expect([copy.isSynced, copy.values(), reasons()]).toEqual([true, [1], ["Forbidden", "Forbidden"]]);
  });

  test("a fault in a callback is reported and stops nothing", async () => {
    const copy = await started({
      project: (raw) => {
        if (raw.metadata.name === "bad") {
          throw new Error("cannot project");
        }
        return raw["n"] as number;
      },
      onChange: () => {
        throw new Error("cannot listen");
      },
    });
    server.put(collection, "bad", { n: 1 });
    server.put(collection, "good", { n: 2 });
    await until(() => expect(copy.values()).toEqual([2]));
    expect(troubles.map(({ error, retryInMs }) => [(error as Error).message, retryInMs])).toEqual([
      ["cannot project", 0],
      ["cannot listen", 0],
    ]);
  });
});

describe("a kind that is not installed", () => {
  test("counts as synced with nothing, and is found when it comes", async () => {
    server.installed = new Set();
    const copy = start();
    await copy.synced;
    expect([copy.isInstalled, copy.isGone, copy.values(), reasons()]).toEqual([false, false, [], ["KindNotInstalled"]]);
    await until(() => expect(copy.isGone).toBe(true));
    server.put(collection, "a", { n: 1 });
    server.installed.add(collection);
    await until(() => expect(copy.values()).toEqual([1]));
    expect([copy.isInstalled, copy.isGone]).toEqual([true, false]);
  });

  test("that goes takes its objects along, but not at the first word", async () => {
    server.put(collection, "a", { n: 1 });
    const copy = await started({ timing: { ...quick, kindRetry: 300 } });
    server.installed = new Set();
    server.endWatches();
    await until(() => expect(reasons()).toContain("KindNotInstalled"));
    expect([copy.values(), copy.isGone]).toEqual([[1], false]);
    await until(() => expect(told.at(-1)).toBe("shop/a 1→undefined"));
    expect([copy.isInstalled, copy.isGone]).toEqual([false, true]);
  });
});

test("our own write is not in the copy before the server says so", async () => {
  const copy = await started();
  server.version += 5;
  copy.noteWritten("shop/a", "103");
  expect([copy.caughtUp("shop/a"), copy.get("shop/a")]).toEqual([false, undefined]);
  server.bookmark();
  await until(() => expect(copy.caughtUp("shop/a")).toBe(true));
  expect(told).toEqual(["shop/a undefined→undefined"]);
});

test("stop ends the watch, and nothing is told afterwards", async () => {
  const copy = await started();
  copy.stop();
  await until(() => expect(server.watches).toEqual([]));
  server.put(collection, "a", { n: 1 });
  expect([told, troubles]).toEqual([[], []]);
  const early = start();
  early.stop();
  await expect(early.synced).rejects.toThrow("stopped before its first list");
});
