import { expect, test } from "vitest";
import { type CanaryPlan, isLive } from "../../../src/api/plan.ts";
import { canaryImage } from "../../build/story.ts";
import type { Cluster } from "../../fakes/cluster.ts";
import { check, everySecond, tell, troubles } from "../../scenes/tell.ts";

/** What every version has written: without it a plan says nothing. */
const always = new Set(["phase", "reason", "message", "step", "weight", "routes", "services", "outcome", "journal", "startedAt"]);

/** The plan as a version wrote it that didn't know yet what is optional now. */
function older({ status }: CanaryPlan): void {
  if (!status) return;
  for (const field of Object.keys(status)) if (!always.has(field)) delete (status as Record<string, unknown>)[field];
  if (status.weight) status.weight = { desired: status.weight.desired };
}

/** The plan as a version wrote it that knows more than this one. Its spec needs no case: kube-apiserver drops what the kind as it is now doesn't have. */
function newer({ status }: CanaryPlan): void {
  if (!status) return;
  Object.assign(status, { forecast: { at: 1 } });
  for (const route of status.routes ?? []) Object.assign(route, { mirror: 10 });
}

/** The old worker ends, its successor begins with what it left. */
async function upgradedAt(second: number, change: (plan: CanaryPlan) => void): Promise<Cluster> {
  const cluster = await tell({}, second);
  cluster.worker?.kill();
  const { plan } = cluster;
  // Past the schema of this version: that of the other one let it in.
  if (plan && isLive(plan)) change(plan);
  await cluster.run(500);
  cluster.startWorker();
  await cluster.runToEnd();
  return cluster;
}

test.each([
  ["an earlier version, which knew less", older],
  ["a later version, which knows more", newer],
])("a plan of %s is carried on from any second of it, and is promoted once", async (_what, change) => {
  const seconds = everySecond.filter((_, i) => i % 2 === 0);
  const found = await troubles(seconds, async (second) => {
    const cluster = await upgradedAt(second, change);
    const told = (cluster.plan?.status?.journal ?? []).map(({ reason }) => reason);
    const twice = ["PlanCreated", "CanaryCreated", "HandedOver", "Promoted"].filter(
      (reason) => told.filter((one) => one === reason).length > 1,
    );
    return [...check(cluster, { phases: ["Promoted"], pods: { [canaryImage]: 4 } }), ...twice.map((reason) => `${reason} twice`)];
  });
  expect(found).toEqual([]);
});
