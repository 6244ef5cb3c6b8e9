import { z } from "zod";
import { labelled } from "../build/change.ts";
import { aDeployment, held, withImage } from "../build/deployment.ts";
import { aMeasurement, aMetricStatus, aPlan, atStep, because, inPhase, withMetricStatus, withWeight } from "../build/plan.ts";
import { podsOf } from "../build/pod.ts";
import { aCanaryReplicaSet, aReplicaSet, withPods } from "../build/replicaSet.ts";
import { canaryImage } from "../build/story.ts";
import { textOf } from "../house/sources.ts";
import type { World } from "./terminal.ts";

/** The published one, read as any reader of it would. */
export const published = z.fromJSONSchema(JSON.parse(textOf("src/cli/output/schema.json")) as Parameters<typeof z.fromJSONSchema>[0]);

export const app = labelled({ app: "nginx" });
export const canary = aCanaryReplicaSet(app, withPods(1));
export const measured = withMetricStatus(aMetricStatus({ successful: 3, failed: 1, measurements: [aMeasurement({ value: "[0.99]" })] }));
export const midway: World = [
  aDeployment(held(), app),
  aReplicaSet(app),
  canary,
  ...podsOf(canary, 1),
  aPlan(atStep(1, 30), withWeight(30, 29), measured),
];
export const promoted: World = [
  aDeployment(withImage(canaryImage), app),
  aPlan(atStep(4), withWeight(100), inPhase("Promoted"), because("Promoted", "all passed")),
];
