import type { Scene } from "../scene.ts";
import { deploymentRow } from "./deploymentRows.ts";
import { headerOf } from "./header.ts";
import { nextOf } from "./next.ts";
import { planRow } from "./planRows.ts";
import type { View } from "./row.ts";

/** Everything from objects and the time; no client, no clock. */
export function viewOf(scene: Scene, now: number): View {
  const plan = scene.plan;
  const tree = deploymentRow(scene, now);
  if (plan !== undefined) tree.children.push(planRow(scene, plan, now));
  return { header: headerOf(scene), tree, next: plan === undefined ? undefined : nextOf(plan, now) };
}
