import type { Intent } from "../../api/intent.ts";
import { annotations } from "../../api/names.ts";
import { type Admission, denied, patched, type Subject } from "./admission.ts";
import type { AdmissionCase } from "./admissionCase.ts";
import type { ReviewedDeployment } from "./deploymentReview.ts";
import { requestOf } from "./deploymentReview.ts";
import { imagesToSet } from "./images.ts";
import { markOperations, type WantedMarks } from "./jsonPatch.ts";
import { holdingPlan } from "./plansOfDeployment.ts";
import { annotationText, sealApproval } from "./seal.ts";
import { kept, refused } from "./words.ts";
import type { PlanFact } from "./world.ts";

/**
 * `kubectl rollout resume` on a held Deployment. At a gate it is the person that the gate waits for: the approval is signed and bound to this plan
 * and this step, so it opens no other gate. Anywhere else it can't mean "promote now", so it is refused with the commands that do.
 */
export function admitResume(c: AdmissionCase, heldBy: Intent, marks: WantedMarks, subject: Subject): Admission {
  const plan = holdingPlan(c.world.plansOf(heldBy.uid));
  const isCurrent = plan?.canary.digest === c.digests.asked;
  if (!plan?.atGate || !isCurrent) return denied(refused.resume(c.object, plan, stableImages(c.oldObject, plan)), subject);
  const { user, at } = requestOf(c.asking, c.world.now);
  const approval = sealApproval({ v: 1, plan: plan.name, step: plan.step.index, by: user, at }, c.world.keys);
  const approved = { ...marks, annotations: { ...marks.annotations, [annotations.approval]: annotationText(approval) } };
  return patched("Approved", kept.approved(plan), markOperations(c.object, approved), { ...subject, plan: plan.name });
}

/** For the containers whose stable image is another one. */
const stableImages = ({ spec }: ReviewedDeployment, plan: PlanFact | undefined): string =>
  imagesToSet(spec.template, plan?.stable.images ?? []) ?? "<container>=<stable image>";
