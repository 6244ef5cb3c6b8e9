import { whoAsked } from "../admission/stamp.ts";
import { terminate } from "../analysis/run.ts";
import type { Draft } from "./draft.ts";
import type { Look } from "./look.ts";
import type { PlanReason } from "./reasons.ts";
import { byWhom } from "./requestUid.ts";

/** Why a plan must unwind, and what it ends as. */
export interface Ending {
  outcome: "RolledBack" | "Held" | "Cancelled" | "Superseded";
  reason: PlanReason;
  message: string;
}

type Check = (look: Look) => Ending | undefined;

/*
 * Ordered: what makes the rest meaningless comes first. Verdicts of the analysis and of the pods come after these, where they are made.
 * None applies once the hand-over has begun: it finishes, and what was asked meanwhile becomes the next plan (design §5).
 */
const checks: readonly Check[] = [
  deploymentGone,
  planDeleted,
  uninstalling,
  aborted,
  policyGone,
  changeTakenBack,
  templateSuperseded,
  scaledToZero,
];

export function endingOf(look: Look): Ending | undefined {
  for (const check of checks) {
    const ending = check(look);
    if (ending) return ending;
  }
  return undefined;
}

function deploymentGone({ deployment, plan }: Look): Ending | undefined {
  if (deployment && !deployment.deleting) return undefined;
  return { outcome: "Cancelled", reason: "DeploymentDeleted", message: `Deployment ${plan.spec.deployment.name} was deleted` };
}

function planDeleted({ plan }: Look): Ending | undefined {
  if (!plan.metadata.deletionTimestamp) return undefined;
  return { outcome: "Cancelled", reason: "PlanDeleted", message: `plan ${plan.metadata.name} was deleted: back to stable` };
}

function uninstalling({ snapshot }: Look): Ending | undefined {
  if (!snapshot.leaving) return undefined;
  return { outcome: "Cancelled", reason: "Uninstalling", message: "Serin is being uninstalled: back to stable" };
}

function aborted({ spec, policy, snapshot }: Look): Ending | undefined {
  if (!spec.control.abort) return undefined;
  return { outcome: failed(policy.onFailure), reason: "Aborted", message: `aborted by ${whoAsked(snapshot.stamps.abort)}: back to stable` };
}

function policyGone({ snapshot, spec }: Look): Ending | undefined {
  const name = spec.policy?.name ?? "";
  const { policy } = snapshot;
  if (!policy || policy.metadata.deletionTimestamp)
    return { outcome: "Cancelled", reason: "PolicyGone", message: `policy ${name} was deleted: back to stable` };
  if (policy.spec.suspend) return { outcome: "Cancelled", reason: "PolicyGone", message: `policy ${name} was suspended: back to stable` };
  return undefined;
}

function changeTakenBack(look: Look): Ending | undefined {
  if (look.askedElse !== "stable") return undefined;
  return {
    outcome: "Cancelled",
    reason: "ChangeTakenBack",
    message: `the stable template (${look.spec.stable.images.join(", ")}) was asked for again${byWhom(look.snapshot)}`,
  };
}

function templateSuperseded(look: Look): Ending | undefined {
  const { askedElse, deployment, spec } = look;
  if (askedElse !== "other") return undefined;
  return {
    outcome: "Superseded",
    reason: "TemplateSuperseded",
    message: `another template (${deployment?.images.join(", ")}) was asked for in the middle of ${spec.canary.images.join(", ")}${byWhom(look.snapshot)}`,
  };
}

function scaledToZero({ deployment }: Look): Ending | undefined {
  if (deployment?.replicas !== 0) return undefined;
  return { outcome: "Cancelled", reason: "DeploymentScaledToZero", message: "the Deployment was scaled to 0: back to stable" };
}

/** What a failure ends as. */
export const failed = (onFailure: "Revert" | "Hold"): "RolledBack" | "Held" => (onFailure === "Hold" ? "Held" : "RolledBack");

/** Enters the way back. The weight goes to 0 in the same decision. */
export function end(draft: Draft, { outcome, reason, message }: Ending): void {
  const rollsBack = outcome === "RolledBack" || outcome === "Held";
  draft.enter(rollsBack ? "RollingBack" : "Cancelling");
  draft.status.outcome = outcome;
  endAnalysis(draft);
  delete draft.status.stage;
  delete draft.status.stageSince;
  draft.tell(reason, message, rollsBack ? "Warning" : "Normal");
  draft.stage("unwind");
}

/** No metric is measured any more: those still under way count as Successful (rows R2, R3 and W4). `step`: only those of that analysis step. */
export function endAnalysis(draft: Draft, step?: number): void {
  const { metrics } = draft.status;
  if (metrics) draft.status.metrics = metrics.map((status) => (step === undefined || status.step === step ? terminate(status) : status));
}
