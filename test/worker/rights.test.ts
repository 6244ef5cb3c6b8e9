import { beforeEach, expect, test } from "vitest";
import { finalizers } from "../../src/api/names.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import { resources } from "../../src/kube/resources.ts";
import { Rights } from "../../src/worker/rights.ts";
import { apiClient } from "../fakes/apiClient.ts";
import { ApiServer, problem } from "../fakes/apiServer.ts";
import { SimulatedClock } from "../fakes/simulatedClock.ts";

const home = "serin-system";
const name = "serin-worker";
const kinds = [resources.serviceaccounts, resources.clusterroles, resources.clusterrolebindings] as const;

let clock: SimulatedClock;
let server: ApiServer;

/** As the manifests make them: without a finalizer. */
beforeEach(() => {
  clock = new SimulatedClock(0);
  server = new ApiServer(() => clock.now());
  server.create(resources.serviceaccounts, { metadata: { name, namespace: home } });
  server.create(resources.clusterroles, { metadata: { name, finalizers: ["other/one"] } });
  server.create(resources.clusterrolebindings, { metadata: { name } });
});

function aWorker() {
  const client = apiClient(server, clock, { alive: () => true, onWrite: () => {} }, { latencyMs: 2, watchLagMs: 20 });
  const rights = new Rights({ client, namespace: home, pause: () => new Promise((resolve) => clock.setTimer(resolve, 500)) });
  return { client, rights };
}

async function done<T>(...work: Promise<T>[]): Promise<T[]> {
  let result: T[] | undefined;
  void Promise.all(work).then((all) => {
    result = all;
  });
  await clock.advanceTo(clock.now() + 60_000, () => result !== undefined);
  return result ?? expect.fail("still at it after a minute");
}

const finalizersOf = (): unknown[] => kinds.map((kind) => server.list<KubeObject>(kind).map(({ metadata }) => metadata.finalizers ?? []));
const held = [[[finalizers.worker]], [["other/one", finalizers.worker]], [[finalizers.worker]]];

test("two workers that begin at once hold each of them once, and one lets all go again", async () => {
  const [first, second] = [aWorker(), aWorker()];
  expect(await done(first.rights.hold(), second.rights.hold())).toEqual([[], []]);
  expect(finalizersOf()).toEqual(held);
  expect(await done(second.rights.letGo())).toEqual([[]]);
  expect(finalizersOf()).toEqual([[[]], [["other/one"]], [[]]]);
});

test("what stands already is not written again", async () => {
  const { rights } = aWorker();
  await done(rights.hold());
  const { version } = server;
  await done(rights.hold());
  expect(server.version).toBe(version);
});

test("another's finalizer that comes in between stays", async () => {
  const { client, rights } = aWorker();
  const { patch } = client;
  client.patch = ((...args: Parameters<typeof patch>) => {
    client.patch = patch;
    server.update<KubeObject>(resources.serviceaccounts, name, home, ({ metadata }) => {
      metadata.finalizers = ["team/one"];
    });
    return patch(...args);
  }) as typeof patch;
  expect(await done(rights.hold())).toEqual([[]]);
  expect(finalizersOf()[0]).toEqual([["team/one", finalizers.worker]]);
});

test("what is being deleted, or gone, is let go: kube-apiserver takes no new finalizer there", async () => {
  server.remove(resources.clusterroles, name);
  server.remove(resources.clusterrolebindings, name);
  const { rights } = aWorker();
  expect(await done(rights.hold())).toEqual([[]]);
  expect(finalizersOf()).toEqual([[[finalizers.worker]], [["other/one"]], []]);
});

test("a right that is missing is told by the object's name", async () => {
  const { client, rights } = aWorker();
  client.patch = () => Promise.reject(problem(403, "Forbidden", "patch"));
  const [refusals = []] = await done(rights.hold());
  expect(refusals.map(({ object }) => object)).toEqual(kinds.map(({ plural }) => `${plural} ${name}`));
});
