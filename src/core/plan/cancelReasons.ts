import type { PlanReason } from "./reasons.ts";

/** A plan that ends by one of these was not judged: it is cancelled, or another takes its place. */
export const cancelReasons = [
  "ChangeTakenBack",
  "TemplateSuperseded",
  "DeploymentDeleted",
  "DeploymentScaledToZero",
  "PolicyGone",
  "PlanDeleted",
  "Uninstalling",
] as const satisfies readonly PlanReason[];
