import { expect, test } from "vitest";
import { type Phase, phases } from "../../src/api/plan.ts";
import { labelled } from "../build/change.ts";
import { aDeployment, held, withImage } from "../build/deployment.ts";
import {
  aMeasurement,
  aMetricStatus,
  aPlan,
  atStep,
  because,
  following,
  inPhase,
  withMetricStatus,
  withStatus,
  withWeight,
} from "../build/plan.ts";
import { podsOf } from "../build/pod.ts";
import { aMetric, aPolicy, withAnalysis, withSteps } from "../build/policy.ts";
import { aCanaryReplicaSet, aReplicaSet, withPods } from "../build/replicaSet.ts";
import { canaryImage } from "../build/story.ts";
import { aVirtualService, split } from "../build/virtualService.ts";
import { serin, type World } from "./terminal.ts";

/** Where a plan in each phase may well stand, and why. */
const standing: Record<Phase, [step: number, weight: number, reason: string, message: string]> = {
  Preparing: [0, 0, "PreparingRoutes", "writing the subsets of nginx-serin"],
  Progressing: [2, 60, "StepStarted", "step 3/4: weight 60, waiting for 3 of 4 canary pods"],
  Paused: [1, 30, "PausedForApproval", "step 2/4 waits for approval: kubectl rollout resume deploy/nginx"],
  Promoting: [4, 100, "HandedOver", "the canary's ReplicaSet belongs to the Deployment now"],
  Promoted: [4, 100, "Promoted", "nginx:1.24.0 passed all 4 steps in 1m10s"],
  RollingBack: [2, 0, "AnalysisFailed", "success-rate: failed (2) > failureLimit (1); last: 0.52 < 0.95 over 1m"],
  RolledBack: [
    2,
    0,
    "RolledBack",
    "success-rate: failed (2) > failureLimit (1); last: 0.52 < 0.95 over 1m; traffic and template are back on stable",
  ],
  Held: [2, 0, "Held", "success-rate: failed (2) > failureLimit (1); held on stable until another template or a retry"],
  Cancelling: [1, 0, "ChangeTakenBack", "the stable template (nginx:1.23.0) was asked for again by alice (kubectl-set)"],
  Cancelled: [1, 0, "Cancelled", "the stable template (nginx:1.23.0) was asked for again by alice (kubectl-set)"],
  Superseded: [1, 0, "Superseded", "another template (nginx:1.25.0) was asked for in the middle of nginx:1.24.0 by bob (helm)"],
  Bypassed: [0, 0, "Bypassed", "no canary: no Serin worker is alive; this rolled out as usual, unwatched"],
};

const app = labelled({ app: "nginx" });
const gated = aPolicy(
  withSteps({ setWeight: 30 }, { pause: {} }, { setWeight: 60 }, { pause: { duration: "30s" } }),
  withAnalysis(aMetric()),
);

function worldIn(phase: Phase): World {
  const [step, weight, reason, message] = standing[phase];
  const isBad = phase === "RollingBack" || phase === "RolledBack" || phase === "Held";
  const metric = aMetricStatus({
    phase: isBad ? "Failed" : "Running",
    successful: 5,
    failed: isBad ? 2 : 0,
    measurements: [aMeasurement({ verdict: isBad ? "fail" : "pass", value: isBad ? "[0.52]" : "[0.998]" })],
  });
  const isServed = phase === "Promoted" || phase === "Bypassed";
  const stable = aReplicaSet(app, withPods(isServed ? 0 : 4));
  const canary = aCanaryReplicaSet(app, withPods(isServed || phase === "Promoting" ? 4 : weight === 0 ? 0 : 2));
  const routes = { routes: [{ kind: "VirtualService" as const, namespace: "shop", name: "nginx" }] };
  return [
    aDeployment(isServed ? withImage(canaryImage) : held()),
    stable,
    ...podsOf(stable, isServed ? 0 : 2),
    canary,
    ...podsOf(canary, weight === 0 ? 0 : 2),
    weight > 0 && weight < 100 ? aVirtualService(split(weight)) : aVirtualService(),
    aPlan(
      following(gated),
      atStep(step, 30),
      withWeight(weight, weight),
      inPhase(phase),
      because(reason, message),
      withStatus(phase === "Bypassed" ? {} : routes),
      withMetricStatus(...(phase === "Bypassed" || phase === "Preparing" ? [] : [metric])),
    ),
  ];
}

/** Three windows of one phase below each other, as a person would see them: `test/cli/screens/<phase>.txt`. */
test.each(phases)("get of a plan that is %s, at 80, 120 and 200 columns", async (phase) => {
  const screens: string[] = [];
  for (const columns of [80, 120, 200]) {
    const { out } = await serin("get nginx", [worldIn(phase)], { screen: { columns, rows: 60 }, env: { NO_COLOR: "1" } });
    const lines = out.trimEnd().split("\n");
    for (const line of lines) expect([...line].length).toBeLessThanOrEqual(columns);
    expect(out).toMatch(new RegExp(`^Status: +\\S ${phase}$`, "m"));
    screens.push(`--- ${columns} columns ${"-".repeat(columns - 15 - String(columns).length + 2)}\n${lines.join("\n")}\n`);
  }
  await expect(screens.join("\n")).toMatchFileSnapshot(`screens/${phase}.txt`);
});
