import type { Logger } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import type { CanaryPlan } from "../../../src/api/plan.ts";
import type { CanaryPolicy } from "../../../src/api/policy.ts";
import { ApiError } from "../../../src/kube/apiError.ts";
import type { Client } from "../../../src/kube/client.ts";
import type { ConfigMap } from "../../../src/kube/object.ts";
import { namedSecrets } from "../../../src/worker/namedSecrets.ts";
import { createNotifier, type Notifier } from "../../../src/worker/notify/notifier.ts";
import { parseReceiverSecret, receiverReach } from "../../../src/worker/notify/reach.ts";
import { systemClock } from "../../../src/worker/queue.ts";
import { entry } from "../../build/notification.ts";
import { aPlan, following, withJournal } from "../../build/plan.ts";
import { aPolicy, withSpec } from "../../build/policy.ts";
import { at, start } from "../../build/story.ts";
import { until } from "../../lab/until.ts";
import { type Got, receiver, says } from "./receiver.ts";

/** kube-apiserver's part: one ConfigMap, and Secrets. */
class Store {
  configMap: ConfigMap | undefined;
  writes = 0;
  forbidden = false;
  readonly secrets: Record<string, Record<string, string>> = {};

  readonly client = {
    get: async (resource: { plural: string }, name: string) => {
      if (resource.plural === "secrets") {
        const data = Object.entries(this.secrets[name] ?? {}).map(([key, text]) => [key, Buffer.from(text).toString("base64")]);
        return this.secrets[name] && { metadata: { uid: name, resourceVersion: "1" }, data: Object.fromEntries(data) };
      }
      if (this.forbidden) throw new ApiError({ code: 403, reason: "Forbidden", doing: "get configmap", message: "no" });
      return structuredClone(this.configMap);
    },
    create: async (_: unknown, object: ConfigMap) => this.#write(object),
    replace: async (_: unknown, object: ConfigMap) => this.#write(object),
  } as unknown as Client;

  async #write(object: ConfigMap): Promise<ConfigMap> {
    this.writes += 1;
    this.configMap = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.writes) } };
    return this.configMap;
  }
}

const log = { debug() {}, warn() {}, info() {}, error() {} } as unknown as Logger;
const ends: Array<() => unknown> = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** A worker's term with one policy and one plan. */
function aTerm(store: Store, policy: CanaryPolicy, plans: CanaryPlan[]) {
  const reach = receiverReach(namedSecrets({ client: store.client, namespace: "serin-system", now: () => 0, parse: parseReceiverSecret }));
  const outcomes: string[] = [];
  const looks: string[] = [];
  const over = new AbortController();
  const notifier: Notifier = createNotifier({
    client: store.client,
    namespace: "serin-system",
    log,
    clock: systemClock,
    now: () => start + 60_000,
    isLeader: () => !over.signal.aborted,
    send: reach.send,
    onOutcome: (kind, outcome) => outcomes.push(`${kind} ${outcome}`),
    random: () => 0,
  });
  notifier.lead({ plans: () => plans, policy: () => policy, lookAtPolicy: (name) => looks.push(name) }, over.signal);
  ends.push(async () => {
    over.abort();
    await reach.close();
  });
  return { notifier, outcomes, looks, stop: () => notifier.stop().then(() => over.abort()) };
}

const idsOf = (got: readonly Got[]) => got.map(({ body }) => (JSON.parse(body) as { id: string }).id.split("/")[1]);

async function aReceiverThat(answer: Parameters<typeof receiver>[0]) {
  const server = await receiver(answer);
  ends.push(server.close);
  return server;
}

const telling = (...notifications: object[]) => aPolicy(withSpec({ notifications: notifications as never }));
const events = (address: string, name = "events") => ({
  name,
  triggers: ["Started", "WeightUpdated", "RolledBack"],
  cloudEvents: { address },
});
const planUnder = (policy: CanaryPolicy, ...entries: Parameters<typeof withJournal>) => aPlan(following(policy), withJournal(...entries));
const begun = entry(0, "PlanCreated", "a → b");
const shifted = entry(10, "TrafficWeightUpdated", "weight 0 → 30");
const ended = entry(50, "RolledBack", "b failed");

describe("notifications of a leader", () => {
  it("tell what is stored, each once, however often the plan is looked at; what was told is stored in one write", async () => {
    const { got, address } = await aReceiverThat(says(200));
    const store = new Store();
    const policy = telling(events(address));
    const { notifier, outcomes, stop } = aTerm(store, policy, [planUnder(policy, begun)]);
    await until("the first", async () => got.length === 1);
    notifier.changed(planUnder(policy, begun));
    notifier.changed(planUnder(policy, begun, shifted));
    notifier.changed(planUnder(policy, begun, shifted));
    await until("the second", async () => outcomes.length === 2);
    await stop();
    expect(idsOf(got)).toEqual(["1", "2"]);
    expect(store.writes).toBe(1);
  });

  it("go on where the leader before stopped: nothing twice, nothing left out", async () => {
    const { got, address } = await aReceiverThat(says(200));
    const store = new Store();
    const policy = telling(events(address));
    const first = aTerm(store, policy, [planUnder(policy, begun, shifted)]);
    await until("two", async () => first.outcomes.length === 2);
    await first.stop();
    const second = aTerm(store, policy, [planUnder(policy, begun, shifted, ended)]);
    await until("the third", async () => second.outcomes.length === 1);
    expect(idsOf(got)).toEqual(["1", "2", "3"]);
  });

  it("are tried again until the receiver takes them, in order", async () => {
    const { got, address } = await aReceiverThat((response, _got, count) => says(count <= 2 ? 503 : 200)(response));
    const store = new Store();
    const policy = telling(events(address));
    const { outcomes } = aTerm(store, policy, [planUnder(policy, begun, shifted)]);
    await until("both", async () => outcomes.filter((one) => one.endsWith("sent")).length === 2);
    expect(outcomes).toEqual(["cloudEvents failed", "cloudEvents failed", "cloudEvents sent", "cloudEvents sent"]);
    expect(idsOf(got)).toEqual(["1", "1", "1", "2"]);
  });

  it("a receiver that hangs keeps nothing from another one", async () => {
    const dead = await aReceiverThat(() => {});
    const alive = await aReceiverThat(says(200));
    const store = new Store();
    const policy = telling(events(dead.address, "dead"), events(alive.address, "alive"));
    const began = performance.now();
    aTerm(store, policy, [planUnder(policy, begun, shifted, ended)]);
    await until("all three", async () => alive.got.length === 3);
    // The dead one's attempt is given up after 10 s.
    expect(performance.now() - began).toBeLessThan(8_000);
    expect(dead.got).toHaveLength(1);
  });

  it("say in the policy's status who does not take them, once; and when he does again", async () => {
    let status = 404;
    const { address } = await aReceiverThat((response) => says(status)(response));
    const store = new Store();
    const policy = telling(events(address));
    const { notifier, looks } = aTerm(store, policy, [planUnder(policy, begun)]);
    await until("trouble", async () => notifier.told("default").states[0]?.trouble !== undefined);
    expect(notifier.told("default").states).toEqual([
      { receiver: "events", delivered: false, trouble: expect.stringMatching(/^127.* answered HTTP 404: there is no receiver/) },
    ]);
    status = 200;
    await until("delivered", async () => notifier.told("default").states[0]?.delivered === true);
    expect(looks.length).toBeGreaterThanOrEqual(2);
    expect(looks.length).toBeLessThanOrEqual(3);
  });

  it("take address and token from the Secret, and never show them", async () => {
    const { got, address } = await aReceiverThat(says(401));
    const store = new Store();
    store.secrets["serin-slack"] = { address: `${address}/services/S3CRET`, token: "T0KEN" };
    const policy = telling({ name: "people", triggers: ["Started"], slack: { secretRef: { name: "serin-slack" } } });
    const { notifier } = aTerm(store, policy, [planUnder(policy, begun)]);
    await until("trouble", async () => notifier.told("default").states[0]?.trouble !== undefined);
    expect(got[0]).toMatchObject({ path: "/services/S3CRET", headers: { authorization: "Bearer T0KEN" } });
    expect(JSON.stringify(notifier.told("default").states)).not.toMatch(/S3CRET|T0KEN/);
  });

  it("that are older than a quarter of an hour are told to nobody", async () => {
    const { got, address } = await aReceiverThat(says(200));
    const store = new Store();
    const policy = telling(events(address));
    const { outcomes } = aTerm(store, policy, [planUnder(policy, { ...begun, at: at(60 - 901) }, shifted)]);
    await until("the young one", async () => outcomes.length === 1);
    expect(idsOf(got)).toEqual(["2"]);
  });

  it("go out also where what was told may not be stored", async () => {
    const { got, address } = await aReceiverThat(says(200));
    const store = new Store();
    store.forbidden = true;
    const policy = telling(events(address));
    const { outcomes, stop } = aTerm(store, policy, [planUnder(policy, begun)]);
    await until("it", async () => outcomes.length === 1);
    await stop();
    expect(idsOf(got)).toEqual(["1"]);
  });

  it("of a policy that names nobody cost nothing", async () => {
    const store = new Store();
    const policy = aPolicy();
    const { notifier, stop } = aTerm(store, policy, [planUnder(policy, begun, shifted, ended)]);
    notifier.changed(planUnder(policy, begun, shifted, ended));
    await stop();
    expect(store.writes).toBe(0);
  });

  it("are tried by a test that the policy asks for: one attempt each, once, and not long after", async () => {
    const { got, address } = await aReceiverThat(says(200));
    const dead = await aReceiverThat(says(503));
    const store = new Store();
    const policy = telling(events(address), events(dead.address, "dead"));
    const { notifier, looks } = aTerm(store, policy, []);
    const asking = (seconds: number) => ({
      ...policy,
      metadata: { ...policy.metadata, annotations: { "serin.dev/notify-test": at(seconds) } },
    });
    for (const text of [asking(-1), asking(55), asking(55), policy]) notifier.policyChanged?.(text);
    await until("the result", async () => looks.length > 0);
    const results = [
      { receiver: "events", delivered: true },
      { receiver: "dead", delivered: false, message: expect.stringMatching(/HTTP 503$/) },
    ];
    expect(notifier.told("default").test).toEqual({ at: at(55), results });
    expect([got.length, dead.got.length, looks]).toEqual([1, 1, ["default"]]);
    expect(JSON.parse(got[0]?.body ?? "")).toMatchObject({ type: "dev.serin.canarypolicy.Test", id: `events/${at(55)}` });
    // Its result stands in the status: the next leader doesn't make it again.
    notifier.policyChanged?.({ ...asking(56), status: { notifyTest: { at: at(56), results: [] } } });
    expect(got).toHaveLength(1);
  });
});
