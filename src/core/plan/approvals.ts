import { mostApprovals, type PlanStatus } from "../../api/plan.ts";
import type { Who } from "../admission/stamp.ts";
import type { Draft } from "./draft.ts";
import type { Look } from "./look.ts";

type ApprovalRecord = NonNullable<PlanStatus["approvals"]>[number];

/**
 * An approval of this step that was not used yet: `kubectl rollout resume` (signed, bound to plan and step), `spec.control.approve` for this step,
 * or `spec.control.promote`. The two of the plan count only with the webhook's signed stamp of who and when (design §5).
 */
export function approvalOf(look: Look, draft: Draft, step: number): ApprovalRecord | undefined {
  const { snapshot, plan } = look;
  const { approve, promote } = plan.spec.control;
  const used = new Set((draft.status.approvals ?? []).map(({ by, at, how }) => `${how} ${by} ${at}`));
  const candidates: ApprovalRecord[] = [];
  const resume = snapshot.approval;
  if (resume && resume.plan === plan.metadata.name && resume.step === step)
    candidates.push({ step, by: resume.by, at: resume.at, how: "kubectl rollout resume" });
  const [approvedBy, promotedBy] = [genuine(look, draft, "approve"), genuine(look, draft, "promote")];
  if (approve?.step === step && approvedBy) candidates.push({ step, ...approvedBy, how: "control.approve" });
  if (promote && !promote.full && promotedBy) candidates.push({ step, ...promotedBy, how: "control.promote" });
  return candidates.find(({ by, at, how }) => !used.has(`${how} ${by} ${at}`));
}

/** An approval speaks once: those that were used are remembered, the latest ones at least. */
export function use(draft: Draft, approved: ApprovalRecord): void {
  draft.status.approvals = [...(draft.status.approvals ?? []), approved].slice(-mostApprovals);
}

/** Who asked to promote at once, with the webhook's stamp. */
export const fullPromotion = (look: Look, draft: Draft): Who | undefined =>
  look.plan.spec.control.promote?.full ? genuine(look, draft, "promote") : undefined;

/** Only what was heard counts (`hearStamps`): that is remembered before anything comes of it. */
function genuine({ snapshot: { stamps }, plan }: Look, draft: Draft, field: "approve" | "promote"): Who | undefined {
  const standing = stamps[field];
  const isHeard = (draft.status.stamps ?? []).some(({ mac }) => mac === plan.spec.control[field]?.mac);
  return typeof standing === "object" && isHeard ? standing : undefined;
}
