import { type CanaryPlan, isLive } from "../api/plan.ts";
import { imagesOf, type PodTemplate } from "../api/template.ts";
import type { PlanReason } from "../core/plan/reasons.ts";
import { isPlanDue, type Scene } from "./scene.ts";
import { exitCodes } from "./userError.ts";

const forAPerson: ReadonlySet<string> = new Set<PlanReason>(["PausedForApproval", "PausedInconclusive", "PausedByUser"]);

/** A gate, an inconclusive analysis or a hold: it goes on when a person says so, and not before. */
export const waitsForPerson = ({ status }: CanaryPlan): boolean => status?.phase === "Paused" && forAPerson.has(status.reason);

/** It will not be promoted any more, whatever is left to be put back. */
export const isOnItsWayBack = ({ status }: CanaryPlan): boolean => status?.phase === "RollingBack" || status?.phase === "Cancelling";

/** What the CLI exits with when this is the last look; undefined while the plan goes on. */
export function outcomeOf(scene: Scene): number | undefined {
  const { plan } = scene;
  if (isPlanDue(scene)) return undefined;
  if (plan === undefined) return exitCodes.noPlan;
  if (isLive(plan)) return undefined;
  if (plan.status?.phase === "Promoted") return exitCodes.promoted;
  return plan.status?.phase === "Bypassed" ? exitCodes.noPlan : exitCodes.notPromoted;
}

/**
 * What serves was never a canary, though there is an older plan: its images are not the ones that the plan left behind. A change that no policy
 * matches leaves no plan, and must not be taken for the promotion before it.
 */
export function isPast({ deployment, plan, onlyPlan }: Scene): boolean {
  if (onlyPlan || plan === undefined || isLive(plan) || !deployment?.spec?.template) return false;
  const phase = plan.status?.phase;
  if (phase !== "Promoted" && phase !== "RolledBack" && phase !== "Cancelled") return false;
  const left = phase === "Promoted" ? plan.spec.canary.images : plan.spec.stable.images;
  const now = imagesOf(deployment.spec.template as unknown as PodTemplate);
  return now.length !== left.length || now.some((image, index) => image !== left[index]);
}
