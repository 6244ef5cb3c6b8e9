import { expect, test } from "vitest";
import type { Cluster } from "../../fakes/cluster.ts";
import { quick } from "../../scenes/article.ts";
import { tell } from "../../scenes/tell.ts";

const onNoData = { after: "4s" } as const;

const promote = ({ users, plan }: Cluster) => plan && users.control(plan, { promote: { full: false } });

test("the message of a plan without data says what was asked and what came back", async () => {
  const cluster = await tell({ policy: quick({ onNoData }) });
  cluster.prometheus.mood = "nan";
  await cluster.run(20_000);
  expect(cluster.plan?.status?.message).toMatch(/no data for [\d.]+s, onNoData\.after is 4s; last: no data for .*\[NaN\]/);
});

test("without data a person lets one pause after the other end, and each time it waits again", async () => {
  const cluster = await tell({ policy: quick({ onNoData }) });
  cluster.prometheus.mood = "empty";
  await cluster.run(20_000);
  expect(cluster.plan?.status).toMatchObject({ phase: "Paused", reason: "PausedNoData", weight: { desired: 30 } });
  promote(cluster);
  await cluster.run(20_000);
  expect(cluster.plan?.status).toMatchObject({ phase: "Paused", reason: "PausedNoData", weight: { desired: 60 } });
  expect(cluster.plan?.status?.approvals).toMatchObject([{ step: 1, how: "control.promote" }]);
  cluster.prometheus.mood = "well";
  await cluster.runToEnd();
  expect(cluster.findings()).toEqual([]);
  expect(cluster.plan?.status?.phase).toBe("Promoted");
});

test("without data `kubectl rollout resume` still opens a gate", async () => {
  const steps = [{ setWeight: 30 }, { pause: {} }, { setWeight: 60 }, { pause: {} }];
  const cluster = await tell({ policy: quick({ onNoData, steps }) });
  cluster.prometheus.mood = "empty";
  await cluster.run(20_000);
  expect(cluster.plan?.status).toMatchObject({ phase: "Paused", reason: "PausedNoData", step: { index: 1 } });
  expect(cluster.users.resume()).toBe(true);
  await cluster.run(10_000);
  expect(cluster.plan?.status).toMatchObject({ phase: "Paused", weight: { desired: 60 } });
  expect(cluster.plan?.status?.approvals).toMatchObject([{ step: 1, how: "kubectl rollout resume" }]);
});
