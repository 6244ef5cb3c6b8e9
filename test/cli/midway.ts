import { labelled } from "../build/change.ts";
import { aDeployment, held } from "../build/deployment.ts";
import { aMeasurement, aMetricStatus, aPlan, atStep, because, following, withMetricStatus, withStatus, withWeight } from "../build/plan.ts";
import { podsOf } from "../build/pod.ts";
import { aMetric, aPolicy, withAnalysis } from "../build/policy.ts";
import { aCanaryReplicaSet, aReplicaSet, withPods } from "../build/replicaSet.ts";
import { aVirtualService, split } from "../build/virtualService.ts";
import type { World } from "./terminal.ts";

/* What the tests of `get` look at. */

export const app = labelled({ app: "nginx" });
export const stable = aReplicaSet(app);
export const canary = aCanaryReplicaSet(app, withPods(2));
export const judged = aPolicy(withAnalysis(aMetric()));
export const routes = { routes: [{ kind: "VirtualService" as const, namespace: "shop", name: "nginx" }] };

/** In the middle of a canary, at weight 30. */
export const midway: World = [
  aDeployment(held()),
  stable,
  ...podsOf(stable, 4),
  canary,
  ...podsOf(canary, 2),
  aVirtualService(split(30)),
  aPlan(
    following(judged),
    atStep(1, 30),
    withWeight(30, 29),
    because("StepStarted", "step 2 of 4: pause 30s"),
    withStatus(routes),
    withMetricStatus(aMetricStatus({ successful: 3, failed: 1, measurements: [aMeasurement({ value: "[0.99]" })] })),
  ),
];
