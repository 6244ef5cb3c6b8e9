import type { PlanStatus } from "../../api/plan.ts";
import type { Draft } from "./draft.ts";
import type { Look } from "./look.ts";

type ApprovalRecord = NonNullable<PlanStatus["approvals"]>[number];

/**
 * An approval of this step that was not used yet: `kubectl rollout resume` (signed, bound to plan and step), `spec.control.approve` for this step,
 * or `spec.control.promote`. The two of the plan count only with the webhook's stamp of who and when (design §5).
 */
export function approvalOf(look: Look, draft: Draft, step: number): ApprovalRecord | undefined {
  const { snapshot, plan } = look;
  const { approve, promote } = plan.spec.control;
  const used = new Set((draft.status.approvals ?? []).map(({ by, at, how }) => `${how} ${by} ${at}`));
  const candidates: ApprovalRecord[] = [];
  const resume = snapshot.approval;
  if (resume && resume.plan === plan.metadata.name && resume.step === step)
    candidates.push({ step, by: resume.by, at: resume.at, how: "kubectl rollout resume" });
  if (approve && approve.step === step && approve.by && approve.at)
    candidates.push({ step, by: approve.by, at: approve.at, how: "control.approve" });
  if (promote && !promote.full && promote.by && promote.at)
    candidates.push({ step, by: promote.by, at: promote.at, how: "control.promote" });
  return candidates.find(({ by, at, how }) => !used.has(`${how} ${by} ${at}`));
}

/** Who asked to promote at once, with the webhook's stamp. */
export function fullPromotion(look: Look): { by: string } | undefined {
  const promote = look.plan.spec.control.promote;
  return promote?.full && promote.by && promote.at ? { by: promote.by } : undefined;
}
