import { describe, expect, test } from "vitest";
import { canaryImage, stableImage } from "../../build/story.ts";
import type { Cluster } from "../../fakes/cluster.ts";
import { quick } from "../../scenes/article.ts";
import { tell } from "../../scenes/tell.ts";

const gated = quick({ steps: [{ setWeight: 30 }, { pause: {} }, { setWeight: 60 }, { pause: { duration: "3s" } }, { pause: {} }] });

function planOf(cluster: Cluster) {
  const { plan } = cluster;
  if (!plan) throw new Error("there is no plan");
  return plan;
}

const toldOf = (cluster: Cluster, wanted: string) =>
  (planOf(cluster).status?.journal ?? []).flatMap(({ reason, message }) => (reason === wanted ? [message] : []));

test("a gate waits for ever, and `kubectl rollout resume` opens this gate and no other", async () => {
  const cluster = await tell({ policy: gated }, 30_000);
  expect(planOf(cluster).status).toMatchObject({ phase: "Paused", reason: "PausedForApproval", step: { index: 1 } });
  expect(cluster.users.resume()).toBe(true);
  await cluster.run(30_000);
  expect(planOf(cluster).status).toMatchObject({ phase: "Paused", step: { index: 4 }, weight: { desired: 60 } });
  expect(cluster.deployment?.spec?.paused).toBe(true);
  expect(cluster.users.resume()).toBe(true);
  await cluster.runToEnd();
  expect(cluster.findings()).toEqual([]);
  expect(planOf(cluster).status?.phase).toBe("Promoted");
  expect(planOf(cluster).status?.approvals).toHaveLength(2);
  // That it waits is told once at each gate, however often it is looked at: the journal, Events and notifications know of it.
  expect(toldOf(cluster, "PausedForApproval").map((message) => message.slice(0, 8))).toEqual(["step 2/5", "step 5/5"]);
  expect(cluster.deployment?.metadata.annotations).toEqual({ "deployment.kubernetes.io/revision": "2" });
});

test("outside of a gate `kubectl rollout resume` is refused and changes nothing", async () => {
  const cluster = await tell({}, 6_000);
  expect(cluster.users.resume()).toBe(false);
  await cluster.runToEnd();
  expect(cluster.findings()).toEqual([]);
  expect(planOf(cluster).status?.phase).toBe("Promoted");
});

test("control.approve opens the gate it names, control.promote the one that waits", async () => {
  const cluster = await tell({ policy: gated }, 20_000);
  cluster.users.control(planOf(cluster), { approve: { step: 4 } });
  await cluster.run(10_000);
  expect(planOf(cluster).status?.step?.index).toBe(1);
  cluster.users.control(planOf(cluster), { promote: { full: false } });
  await cluster.runToEnd();
  expect(cluster.findings()).toEqual([]);
  expect(planOf(cluster).status?.phase).toBe("Promoted");
  expect(planOf(cluster).status?.approvals?.map(({ how, by }) => `${how} ${by}`)).toEqual(["control.promote ann", "control.approve ann"]);
});

test("control.hold keeps the weight until it is removed", async () => {
  const cluster = await tell({}, 5_000);
  cluster.users.control(planOf(cluster), { hold: {} });
  await cluster.run(20_000);
  expect(planOf(cluster).status).toMatchObject({ phase: "Paused", reason: "PausedByUser", weight: { desired: 30 } });
  expect(toldOf(cluster, "PausedByUser")).toEqual(["held at weight 30 by ann"]);
  const { name, namespace } = planOf(cluster).metadata;
  cluster.server.update<{ spec: { control: object } }>(
    { group: "serin.dev", version: "v1alpha1", plural: "canaryplans", kind: "CanaryPlan", namespaced: true },
    name,
    namespace,
    (draft) => {
      draft.spec.control = {};
    },
  );
  await cluster.runToEnd();
  expect(cluster.findings()).toEqual([]);
  expect(planOf(cluster).status?.phase).toBe("Promoted");
});

test("control.abort rolls back at once", async () => {
  const cluster = await tell({}, 7_000);
  cluster.users.control(planOf(cluster), { abort: {} });
  await cluster.run(700);
  expect(planOf(cluster).status).toMatchObject({ phase: "RollingBack", weight: { desired: 0 } });
  expect(planOf(cluster).status?.journal).toContainEqual(
    expect.objectContaining({ reason: "Aborted", message: "aborted by ann: back to stable" }),
  );
  await cluster.runToEnd();
  expect(cluster.findings()).toEqual([]);
  expect(planOf(cluster).status?.phase).toBe("RolledBack");
  expect(cluster.running()).toEqual({ [stableImage]: 4 });
});

test("control.promote full skips the remaining steps and their analysis, and still loses nothing", async () => {
  const cluster = await tell({ policy: quick({ steps: [{ setWeight: 10 }, { pause: {} }] }) }, 9_000);
  cluster.prometheus.mood = "empty";
  cluster.users.control(planOf(cluster), { promote: { full: true } });
  await cluster.runToEnd();
  expect(cluster.findings()).toEqual([]);
  expect(planOf(cluster).status?.phase).toBe("Promoted");
  expect(planOf(cluster).status?.journal?.map(({ reason }) => reason)).toContain("PromotedByUser");
  expect(cluster.running()).toEqual({ [canaryImage]: 4 });
});

test("a broken stable does not block the fix: promote full of a change of a Deployment whose own pods fail", async () => {
  const cluster = await tell({ podsDie: true }, 7_000);
  for (const pod of cluster.podsOf(stableImage)) cluster.pods.break(pod);
  cluster.users.control(planOf(cluster), { promote: { full: true } });
  await cluster.runToEnd();
  expect(cluster.findings()).toEqual([]);
  expect(planOf(cluster).status?.phase).toBe("Promoted");
});

describe("a wish that came past the webhook", () => {
  const eve = { by: "eve", at: new Date(0).toISOString() };
  const told = (cluster: Cluster, reason: string) =>
    (planOf(cluster).status?.journal ?? []).filter((entry) => entry.reason === reason).map(({ message }) => message);
  /** What `audit verify` says of it, too. */
  const forgeries = (cluster: Cluster) => told(cluster, "StampForged").map((message) => expect.stringContaining(message));

  test.each([
    ["without a stamp", {}, "StampMissing", "promote of web-"],
    ["with a stamp of its own", eve, "StampForged", "says by eve at 1970-01-01T00:00:00.000Z, and that is no stamp of Serin's webhook"],
    ["with a signature of its own", { ...eve, key: "k1", mac: "AAAA" }, "StampForged", "says by eve"],
  ])("%s promotes nothing, is told once and taken off, and works when it is asked again", async (_, stamp, reason, words) => {
    const cluster = await tell({ policy: gated }, 20_000);
    for (const full of [false, true]) {
      cluster.users.webhookIsUp = false;
      cluster.users.control(planOf(cluster), { promote: { full, ...stamp } });
      await cluster.run(70_000);
      expect(planOf(cluster).status).toMatchObject({ phase: "Paused", step: { index: 1 } });
      expect(planOf(cluster).spec.control).toEqual({});
    }
    const messages = told(cluster, reason);
    expect(messages).toHaveLength(2);
    expect(messages[0]).toContain(words.replace("web-", `${planOf(cluster).metadata.name}`));
    expect(messages[0]).toContain("it counts for nothing and was taken off. Ask again");
    cluster.users.webhookIsUp = true;
    cluster.users.control(planOf(cluster), { promote: { full: true } });
    await cluster.runToEnd();
    expect(cluster.findings()).toEqual(forgeries(cluster));
    expect(planOf(cluster).status?.phase).toBe("Promoted");
  });

  test("approves no gate, also with a stamp that was made for another", async () => {
    const cluster = await tell({ policy: gated }, 20_000);
    cluster.users.control(planOf(cluster), { approve: { step: 4 } });
    await cluster.run(1_000);
    const { approve } = planOf(cluster).spec.control;
    expect(approve?.mac).toBeDefined();
    cluster.users.webhookIsUp = false;
    cluster.users.control(planOf(cluster), { approve: { ...approve, step: 1 } });
    await cluster.run(10_000);
    expect(planOf(cluster).status).toMatchObject({ phase: "Paused", step: { index: 1 } });
    expect(planOf(cluster).status?.approvals ?? []).toEqual([]);
    expect(told(cluster, "StampForged")).toEqual([expect.stringContaining("approve of")]);
  });

  test.each([
    ["that was taken back before it was used", 5_000, 0],
    ["that nobody heard before it was taken back, once it is ten minutes old", 0, 601_000],
  ])("approves no gate with a genuine stamp %s", async (_, heardMs, laterMs) => {
    const steps = [{ setWeight: 30 }, { pause: {} }, { pause: {} }];
    const cluster = await tell({ policy: quick({ steps }) }, 20_000);
    cluster.users.control(planOf(cluster), { approve: { step: 2 } });
    const { approve } = planOf(cluster).spec.control;
    await cluster.run(heardMs);
    cluster.users.control(planOf(cluster), { approve: undefined });
    await cluster.run(Math.max(laterMs, 1_000));
    cluster.users.control(planOf(cluster), { promote: { full: false } });
    await cluster.run(5_000);
    expect(planOf(cluster).status).toMatchObject({ phase: "Paused", step: { index: 2 } });
    cluster.users.webhookIsUp = false;
    cluster.users.control(planOf(cluster), { promote: undefined, approve });
    await cluster.run(30_000);
    expect(planOf(cluster).status).toMatchObject({ phase: "Paused", step: { index: 2 } });
    expect(planOf(cluster).spec.control).toEqual({});
    expect(told(cluster, "StampStale")).toEqual([
      expect.stringMatching(/^approve of .*, by ann at .*, was taken back since, or is more than 10m old/),
    ]);
    cluster.users.webhookIsUp = true;
    cluster.users.control(planOf(cluster), { approve: { step: 2 } });
    await cluster.runToEnd();
    expect(cluster.findings()).toEqual([]);
    expect(planOf(cluster).status?.phase).toBe("Promoted");
    expect(planOf(cluster).status?.stamps?.filter(({ takenBack }) => !takenBack)).toHaveLength(1);
  });

  test("approves no gate with a stamp that was taken back, also when a worker before this one had a clock an hour ahead", async () => {
    const steps = [{ setWeight: 30 }, { pause: {} }, { pause: {} }];
    const cluster = await tell({ policy: quick({ steps }), skewsMs: [3_600_000, 0] }, 20_000);
    cluster.crash();
    await cluster.run(10_000);
    cluster.users.control(planOf(cluster), { approve: { step: 2 } });
    const { approve } = planOf(cluster).spec.control;
    await cluster.run(5_000);
    cluster.users.control(planOf(cluster), { approve: undefined });
    await cluster.run(5_000);
    cluster.users.control(planOf(cluster), { promote: { full: false } });
    await cluster.run(5_000);
    cluster.users.webhookIsUp = false;
    cluster.users.control(planOf(cluster), { promote: undefined, approve });
    await cluster.run(30_000);
    expect(planOf(cluster).status).toMatchObject({ phase: "Paused", step: { index: 2 } });
    expect(told(cluster, "StampStale")).toHaveLength(1);
  });

  test("is not heard beyond fifty that were taken back within twenty minutes", async () => {
    const cluster = await tell({ policy: quick({ steps: [{ setWeight: 30 }, { pause: {} }] }) }, 20_000);
    for (let i = 0; i < 60; i++) {
      cluster.users.control(planOf(cluster), { approve: { step: 9 } });
      await cluster.run(1_000);
      cluster.users.control(planOf(cluster), { approve: undefined });
      await cluster.run(1_000);
    }
    expect(planOf(cluster).status?.stamps).toHaveLength(50);
    cluster.users.control(planOf(cluster), { approve: { step: 1 } });
    await cluster.run(10_000);
    expect(planOf(cluster).status).toMatchObject({ phase: "Paused", step: { index: 1 } });
  });

  test("holds and aborts all the same, and no name is believed", async () => {
    const cluster = await tell({}, 5_000);
    cluster.users.webhookIsUp = false;
    cluster.users.control(planOf(cluster), { hold: eve });
    await cluster.run(20_000);
    expect(planOf(cluster).status).toMatchObject({
      phase: "Paused",
      message: "held at weight 30 by unknown (no stamp of Serin's webhook)",
    });
    expect(told(cluster, "StampForged")).toEqual([expect.stringContaining("hold of")]);
    cluster.users.control(planOf(cluster), { abort: {} });
    await cluster.runToEnd();
    expect(cluster.findings()).toEqual(forgeries(cluster));
    expect(planOf(cluster).status?.phase).toBe("RolledBack");
    expect(told(cluster, "Aborted")).toEqual(["aborted by unknown (no stamp of Serin's webhook): back to stable"]);
  });
});
