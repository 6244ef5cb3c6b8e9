import { expect, test } from "vitest";
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
