import { beforeEach, expect, test, vi } from "vitest";
import { finalizers } from "../../src/api/names.ts";
import type { Client } from "../../src/kube/client.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import { reflect } from "../../src/kube/reflector.ts";
import { type Resource, resources } from "../../src/kube/resources.ts";
import type { NamespaceFacts } from "../../src/worker/caches.ts";
import { type Departure, type DepartureOptions, followDeparture } from "../../src/worker/departure.ts";
import { apiClient } from "../fakes/apiClient.ts";
import { ApiServer, problem } from "../fakes/apiServer.ts";
import { SimulatedClock } from "../fakes/simulatedClock.ts";

const home = "serin-system";
const account = "serin-worker";

let clock: SimulatedClock;
let server: ApiServer;
let client: Client;
let told: string[];
/** What the caches hold. */
let held: { namespace: string; name: string; carriesIntent: boolean }[];
let isSynced: boolean;
let begun: number;
let troubles: number;
let ownPod: object | undefined;
let ownDeployment: { deleting: boolean } | undefined;

beforeEach(() => {
  clock = new SimulatedClock(0);
  server = new ApiServer(() => clock.now());
  client = apiClient(server, clock, { alive: () => true, onWrite: () => {} }, { latencyMs: 2, watchLagMs: 20 });
  [told, held, ownPod, ownDeployment] = [[], [], {}, { deleting: false }];
  [isSynced, begun, troubles] = [true, 0, 0];
  server.create(resources.namespaces, { metadata: { name: home, finalizers: ["kubernetes"] } });
  server.create(resources.serviceaccounts, { metadata: { name: account, namespace: home, finalizers: [finalizers.worker] } });
  server.create(resources.clusterroles, { metadata: { name: account, finalizers: [finalizers.worker, "other/one"] } });
  server.create(resources.clusterrolebindings, { metadata: { name: account, finalizers: [finalizers.worker] } });
});

function follow(): Departure {
  const none = { values: () => [], get: () => undefined, isSynced: true };
  const caches = {
    namespaces: reflect<KubeObject, NamespaceFacts>(client, resources.namespaces, {
      project: ({ metadata }) => ({ labels: {}, deleting: metadata.deletionTimestamp !== undefined }),
      onChange: (_name, before, after) => departure.homeChanged(before, after),
    }),
    plans: none,
    replicaSets: none,
    deployments: {
      values: () => held,
      get: () => ownDeployment,
      get isSynced() {
        return isSynced;
      },
    },
    pods: { values: () => [], get: () => ownPod },
  } as unknown as DepartureOptions["caches"];
  const tell = (_: object, message: string) => void told.push(message);
  const log = { info: tell, warn: tell };
  const departure = followDeparture({
    client,
    caches,
    clock,
    namespace: home,
    instance: "worker-1",
    log: log as unknown as DepartureOptions["log"],
    trouble: () => {
      troubles += 1;
    },
    timing: { kindRetry: 6, backoff: { first: 1, longest: 1 } },
    begun: () => {
      begun += 1;
    },
  });
  return departure;
}

/** Milliseconds until the process may end, 100,000 at most. */
async function untilEnd(departure: Departure): Promise<number> {
  const from = clock.now();
  let at: number | undefined;
  void departure.beforeEnd().then(() => {
    at = clock.now();
  });
  await clock.advanceTo(from + 100_000, () => at !== undefined);
  return (at ?? from + 100_000) - from;
}

const left = (): unknown[] =>
  [resources.serviceaccounts, resources.clusterroles, resources.clusterrolebindings]
    .flatMap((kind) => server.list<KubeObject>(kind))
    .flatMap(({ metadata }) => metadata.finalizers ?? []);

test("asked to end while Serin stays: at once, and the finalizers stay", async () => {
  const departure = follow();
  await clock.advanceTo(1_000);
  expect(await untilEnd(departure)).toBeLessThan(20);
  expect(left()).toHaveLength(4);
});

test("the signal comes before the news of why: the API server is asked", async () => {
  const departure = follow();
  await clock.advanceTo(1_000);
  server.remove(resources.namespaces, home);
  expect(await untilEnd(departure)).toBeGreaterThan(5_000);
  expect(left()).toEqual(["other/one"]);
});

test("a hold that is still there keeps the rights, and is named; 5 s after it is gone they go", async () => {
  held = [{ namespace: "shop", name: "nginx", carriesIntent: true }];
  const departure = follow();
  await clock.advanceTo(1_000);
  server.remove(resources.serviceaccounts, account, home);
  await clock.advanceTo(50_000);
  expect([departure.isLeaving(), left().length]).toEqual([true, 4]);
  expect(told).toContain("still there: held Deployment shop/nginx");
  held = [];
  const ms = await untilEnd(departure);
  expect(ms).toBeGreaterThan(4_000);
  expect(ms).toBeLessThan(7_000);
  expect(left()).toEqual(["other/one"]);
});

test("its Deployment is gone, as Helm deletes it first: it waits 10 s for the ServiceAccount to be deleted", async () => {
  const departure = follow();
  ownDeployment = undefined;
  await clock.advanceTo(1_000);
  clock.setTimer(() => server.remove(resources.serviceaccounts, account, home), 4_000);
  expect(await untilEnd(departure)).toBeGreaterThan(8_000);
  expect(left()).toEqual(["other/one"]);
});

test("and ends when it isn't: somebody makes the Deployment anew", async () => {
  const departure = follow();
  ownDeployment = { deleting: true };
  await clock.advanceTo(1_000);
  const ms = await untilEnd(departure);
  expect(ms).toBeGreaterThan(9_000);
  expect(ms).toBeLessThan(12_000);
  expect([left().length, told]).toEqual([4, []]);
});

test("one that runs as no pod waits for no Deployment", async () => {
  const departure = follow();
  [ownPod, ownDeployment] = [undefined, undefined];
  await clock.advanceTo(1_000);
  expect(await untilEnd(departure)).toBeLessThan(20);
});

test("a finalizer that can't be taken off is told, holds the process up no longer, and nobody says that nothing is left", async () => {
  const departure = follow();
  await clock.advanceTo(1_000);
  const { patch } = client;
  client.patch = ((...args: Parameters<Client["patch"]>) =>
    args[0] === resources.clusterroles ? Promise.reject(problem(403, "Forbidden", "patch")) : patch(...args)) as Client["patch"];
  server.remove(resources.namespaces, home);
  expect(await untilEnd(departure)).toBeLessThan(7_000);
  expect(told.slice(1)).toEqual([
    "the finalizer serin.dev/worker could not be taken off clusterroles serin-worker: somebody else must, or it stays",
  ]);
  expect(left()).toEqual([finalizers.worker, "other/one"]);
});

test("all is put back: it says so", async () => {
  const departure = follow();
  await clock.advanceTo(1_000);
  server.remove(resources.namespaces, home);
  await untilEnd(departure);
  expect(told.at(-1)).toBe("nothing of Serin's is left on anybody's objects");
});

test("what a worker that has just started has not read yet is not taken for nothing", async () => {
  isSynced = false;
  follow();
  await clock.advanceTo(1_000);
  server.remove(resources.namespaces, home);
  await clock.advanceTo(30_000);
  expect(left()).toHaveLength(4);
  expect(told).toContain("still there: what this worker has not read yet");
  isSynced = true;
  await clock.advanceTo(40_000);
  expect(left()).toEqual(["other/one"]);
});

test("a hiccup of the API server leaves no finalizer behind", async () => {
  const departure = follow();
  await clock.advanceTo(1_000);
  const { patch } = client;
  let failures = 3;
  client.patch = ((...args: Parameters<Client["patch"]>) => {
    failures -= 1;
    return failures >= 0 ? Promise.reject(problem(503, "ServiceUnavailable", "patch")) : patch(...args);
  }) as Client["patch"];
  server.remove(resources.namespaces, home);
  await untilEnd(departure);
  expect(left()).toEqual(["other/one"]);
});

test("an API server, or what stands before it, that answers 404 for a while is no end of Serin", async () => {
  const { watch } = client;
  const absent = Promise.withResolvers<never>();
  client.watch = ((resource: Resource, ...rest: [never, never]) =>
    resource === resources.serviceaccounts ? absent.promise : watch(resource, ...rest)) as Client["watch"];
  const departure = follow();
  await clock.advanceTo(1_000);
  absent.reject(problem(404, "KindNotInstalled", "watch serviceaccounts"));
  await vi.waitFor(() => expect(troubles).toBeGreaterThan(3));
  expect(departure.isLeaving()).toBe(false);
});

test("a ServiceAccount that is made again, once all is put back: the worker stays, and leaves again when it is deleted again", async () => {
  const departure = follow();
  await clock.advanceTo(1_000);
  server.remove(resources.serviceaccounts, account, home);
  await clock.advanceTo(3_000);
  expect([departure.isLeaving(), begun]).toEqual([true, 1]);
  await clock.advanceTo(10_000);
  expect(server.list(resources.serviceaccounts)).toEqual([]);
  expect(departure.isLeaving()).toBe(true);
  server.create(resources.serviceaccounts, { metadata: { name: account, namespace: home, finalizers: [finalizers.worker] } });
  await clock.advanceTo(11_000);
  expect([departure.isLeaving(), begun]).toEqual([false, 2]);
  expect(left().sort()).toEqual(["other/one", ...Array(3).fill(finalizers.worker)]);
  server.remove(resources.serviceaccounts, account, home);
  await clock.advanceTo(30_000);
  expect([departure.isLeaving(), begun]).toEqual([true, 3]);
  expect(server.list(resources.serviceaccounts)).toEqual([]);
});
