import { afterEach, describe, expect, test } from "vitest";
import { apiVersion } from "../../src/api/names.ts";
import type { SidecarPolicy, SidecarPolicyStatus } from "../../src/api/sidecarPolicy.ts";
import type { KubeObject, Pod } from "../../src/kube/object.ts";
import { resources } from "../../src/kube/resources.ts";
import type { SidecarPolicyInput } from "../build/sidecarPolicy.ts";
import { Cluster } from "../fakes/cluster.ts";

const spec: SidecarPolicyInput = { containers: [{ name: "tracer", image: "tracer:1" }] };
let cluster: Cluster;
afterEach(() => expect(cluster.findings()).toEqual([]));

const create = (name = "tracing", over: Partial<SidecarPolicyInput> = {}) =>
  cluster.server.create(resources.sidecarpolicies, { apiVersion, kind: "SidecarPolicy", metadata: { name }, spec: { ...spec, ...over } });
const edit = (change: (draft: { spec: SidecarPolicyInput }) => void, name = "tracing") =>
  cluster.server.update<{ spec: SidecarPolicyInput }>(resources.sidecarpolicies, name, undefined, change);
const status = (name = "tracing"): SidecarPolicyStatus | undefined =>
  cluster.server.get<SidecarPolicy>(resources.sidecarpolicies, name)?.status;
const writes = () => (cluster.worker?.writes ?? []).filter((what) => what === "patch sidecarpolicies").length;
/** A pod as somebody makes it, past the webhook. */
const makePod = (name: string, over: { env?: object[]; initContainers?: object[]; namespace?: string } = {}) =>
  cluster.server.create(resources.pods, {
    metadata: { name, namespace: over.namespace ?? "shop", labels: {} },
    spec: {
      containers: [{ name: "web", image: "web:1", env: over.env ?? [] }],
      ...(over.initContainers ? { initContainers: over.initContainers } : {}),
    },
  } as unknown as Pod);
const tracer = { name: "tracer", image: "tracer:1", restartPolicy: "Always" };

describe("the status of a SidecarPolicy", () => {
  test("counts the pods that were there before it", async () => {
    cluster = await Cluster.of();
    create();
    await cluster.run(1_000);
    expect(status()).toMatchObject({ observedGeneration: 1, matched: 4, carrying: 0, missing: 4, conditions: [{ reason: "SomeMiss" }] });
    expect(status()?.pods?.map(({ namespace, reason }) => `${namespace} ${reason}`)).toEqual(Array(4).fill("shop CreatedBefore"));
    expect(writes()).toBe(1);
  });

  test("a pod that was made past the webhook is in it within 4 s; one that carries it is counted as such", async () => {
    cluster = await Cluster.of();
    create();
    await cluster.run(5_000);
    makePod("late");
    makePod("fine", { initContainers: [tracer] });
    makePod("system", { namespace: "kube-system" });
    await cluster.run(4_000);
    expect(status()).toMatchObject({ matched: 6, carrying: 1, missing: 5 });
    expect(status()?.pods?.find(({ name }) => name === "late")).toMatchObject({
      reason: "NotAdded",
      message: "container tracer: the pod was made past Serin's webhook",
    });
    cluster.server.remove(resources.pods, "late", "shop");
    await cluster.run(4_000);
    expect(status()).toMatchObject({ matched: 5, missing: 4 });
  });

  test("is written at most every 3 s under churn, and never when nothing has changed", async () => {
    cluster = await Cluster.of();
    create();
    await cluster.run(5_000);
    const before = writes();
    for (let index = 0; index < 300; index += 1) {
      makePod(`p-${index}`);
      await cluster.run(100);
    }
    await cluster.run(4_000);
    expect(status()).toMatchObject({ matched: 304 });
    expect(status()?.pods).toHaveLength(50);
    expect(writes() - before).toBeGreaterThanOrEqual(9);
    expect(writes() - before).toBeLessThanOrEqual(12);
    const quiet = writes();
    for (const pod of cluster.server.list<Pod>(resources.pods))
      cluster.server.update<KubeObject>(resources.pods, pod.metadata.name ?? "", "shop", ({ metadata }) => {
        metadata.annotations = { touched: "by nobody who matters" };
      });
    await cluster.run(60_000);
    expect(writes()).toBe(quiet);
    expect(cluster.server.idleWrites).toEqual([]);
  });

  test("a changed policy is in force anew, also where it speaks of what was not kept of pods, and pods older than that were made before it", async () => {
    cluster = await Cluster.of();
    create();
    await cluster.run(5_000);
    makePod("fine", { initContainers: [tracer] });
    makePod("ahead", { initContainers: [tracer], env: [{ name: "TRACE", value: "its own" }] });
    await cluster.run(5_000);
    const first = status()?.inForceSince ?? "";
    edit((draft) => Object.assign(draft.spec, { env: [{ name: "TRACE", value: "on" }] }));
    await cluster.run(4_000);
    expect(status()).toMatchObject({ observedGeneration: 2, matched: 6, carrying: 1 });
    expect((status()?.inForceSince ?? "") > first).toBe(true);
    expect(status()?.pods?.find(({ name }) => name === "fine")).toMatchObject({
      reason: "CreatedBefore",
      message: "variables of container web (TRACE): the pod was made before the policy said so",
    });
  });

  test("thousands of pods are counted in turns, and no status tells of half a count", async () => {
    cluster = await Cluster.of();
    for (let index = 0; index < 2_000; index += 1) makePod(`p-${index}`);
    const told: Array<[generation: number | undefined, matched: number | undefined]> = [];
    cluster.server.onChange(({ resource, object }) => {
      const { observedGeneration, matched } = (object as unknown as SidecarPolicy).status ?? {};
      if (resource.plural === "sidecarpolicies" && matched !== undefined) told.push([observedGeneration, matched]);
    });
    create();
    await cluster.run(20_000);
    edit((draft) => Object.assign(draft.spec, { priority: 3 }));
    await cluster.run(20_000);
    // The change of the policy itself shows the status of before.
    expect(told).toEqual([
      [1, 2_004],
      [1, 2_004],
      [2, 2_004],
    ]);
  });

  test("a suspended one says so, and asks nothing", async () => {
    cluster = await Cluster.of();
    create("tracing", { suspend: true });
    await cluster.run(1_000);
    expect(status()).toMatchObject({ matched: 0, conditions: [{ status: "Unknown", reason: "Suspended" }] });
    edit((draft) => Object.assign(draft.spec, { suspend: false }));
    await cluster.run(4_000);
    expect(status()).toMatchObject({ matched: 4, conditions: [{ status: "False", reason: "SomeMiss" }] });
  });

  test("a namespace that gets other labels has its pods counted again", async () => {
    cluster = await Cluster.of();
    create("tracing", { match: { namespaceSelector: { matchLabels: { traced: "yes" } } } });
    await cluster.run(1_000);
    expect(status()).toMatchObject({ matched: 0, conditions: [{ reason: "NoPods" }] });
    cluster.server.update<KubeObject>(resources.namespaces, "shop", undefined, ({ metadata }) => {
      metadata.labels = { traced: "yes" };
    });
    await cluster.run(4_000);
    expect(status()).toMatchObject({ matched: 4 });
  });

  test("track: Canary is for the pods of a canary until they are handed over", async () => {
    cluster = await Cluster.of({ policy: { steps: [{ setWeight: 50 }, { pause: { duration: "20s" } }] } });
    create("tracing", { match: { track: "Canary" } });
    await cluster.run(1_000);
    expect(status()).toMatchObject({ matched: 0 });
    cluster.users.setImage("nginx:1.24.0");
    await cluster.run(15_000);
    expect(status()?.matched).toBeGreaterThan(0);
    await cluster.runToEnd();
    await cluster.run(4_000);
    expect(cluster.plan?.status?.phase).toBe("Promoted");
    expect(status()).toMatchObject({ matched: 0, missing: 0 });
  });

  test("another worker takes over with the same words: it writes nothing", async () => {
    cluster = await Cluster.of();
    create();
    await cluster.run(5_000);
    const said = status();
    cluster.crash();
    await cluster.run(10_000);
    expect(status()).toEqual(said);
    expect(writes()).toBe(0);
  });
});

test("without a SidecarPolicy nobody reads pods for one, and with the last one that ends", async () => {
  cluster = await Cluster.of();
  const open = () => cluster.server.watches.get("pods");
  expect(open()).toBe(1);
  create();
  await cluster.run(1_000);
  expect(open()).toBe(2);
  edit((draft) => Object.assign(draft.spec, { priority: 3 }));
  await cluster.run(1_000);
  expect(open()).toBe(2);
  cluster.server.remove(resources.sidecarpolicies, "tracing");
  await cluster.run(1_000);
  expect(open()).toBe(1);
});
