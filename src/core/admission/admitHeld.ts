import type { Intent } from "../../api/intent.ts";
import { annotations } from "../../api/names.ts";
import { planName } from "../../api/planName.ts";
import type { CanaryPolicy } from "../../api/policy.ts";
import { type Admission, allowed, denied, patched } from "./admission.ts";
import { type AdmissionCase, annotationOf } from "./admissionCase.ts";
import { admitResume } from "./admitResume.ts";
import { type Hold, holdMarks } from "./holdMarks.ts";
import { markOperations, type WantedMarks } from "./jsonPatch.ts";
import { failedBefore, holdingPlan, recordedRequests } from "./plansOfDeployment.ts";
import { policyOfChange } from "./policyOfChange.ts";
import { silent, type Words } from "./reasons.ts";
import { packRestore } from "./restore.ts";
import { held, kept, refused } from "./words.ts";
import type { PlanFact } from "./world.ts";

/**
 * A Deployment that is held by us. It leaves admission held, whatever the write says: only the worker lets it go.
 * A template that is not the intent's came past us (the webhook was down, and the admission policy kept the hold): nobody signed that request,
 * so the first write that we see, such as `kubectl rollout resume`, is taken for it.
 */
export function admitHeld(c: AdmissionCase, heldBy: Intent): Admission {
  return c.isSameTemplate && c.digests.asked === heldBy.canary ? sameTemplate(c, heldBy) : otherTemplate(c, heldBy);
}

function sameTemplate(c: AdmissionCase, heldBy: Intent): Admission {
  const marks = unchangedMarks(c);
  const subject = { plan: planName(c.asking.name, heldBy.request.uid), policy: heldBy.policy };
  if (!c.paused) {
    if (c.asking.fieldManager === "kubectl-rollout") return admitResume(c, heldBy, marks, subject);
    return patched("StayedHeld", kept.stayedHeld(c.asking.name), markOperations(c.object, marks), subject);
  }
  const operations = markOperations(c.object, marks);
  if (operations.length === 0) return allowed(silent("NothingAsked"));
  const isIntent = annotationOf(c.object, annotations.intent) !== annotationOf(c.oldObject, annotations.intent);
  return patched("StayedHeld", isIntent ? kept.intentPutBack() : silent("LeftoverRemoved"), operations, subject);
}

/** The hold as it was before this write. */
const unchangedMarks = (c: AdmissionCase): WantedMarks => ({
  paused: true,
  annotations: {
    [annotations.intent]: annotationOf(c.oldObject, annotations.intent),
    [annotations.unpauseAsked]: undefined,
    [annotations.carried]: undefined,
  },
});

function otherTemplate(c: AdmissionCase, heldBy: Intent): Admission {
  const plans = c.world.plansOf(heldBy.uid);
  const promoting = plans.find((plan) => plan.phase === "Promoting");
  const stable = promoting?.canary.digest ?? heldBy.stable;
  const policy = policyOfChange(c, heldBy);
  const failed = c.digests.asked === stable || policy?.spec.onRepeat === "Retry" ? undefined : failedBefore(plans, c.digests.asked);
  if (failed && policy?.spec.onRepeat === "Deny")
    return denied(refused.repeat(failed, policy), { policy: policy.metadata.name, plan: failed.name });
  const { marks, intent } = holdMarks(c, nextHold(c, heldBy, stable, policy, plans));
  const isCancel = c.digests.asked === stable;
  // What is taken back gets no plan of its own: the answer is about the one that it ends.
  const plan = isCancel
    ? (holdingPlan(plans)?.name ?? planName(c.asking.name, heldBy.request.uid))
    : planName(c.asking.name, intent.request.uid);
  const words = wordsFor(c, { plan, isCancel, promoting, failed, underWay: plans.some((fact) => fact.live) });
  return patched("Held", withWorkerDown(c, words), markOperations(c.object, marks), { plan, policy: intent.policy });
}

/** The first stable template stays the one to compare with, and what it needs for a revert stays with it. */
function nextHold(c: AdmissionCase, heldBy: Intent, stable: string, policy: CanaryPolicy | undefined, plans: readonly PlanFact[]): Hold {
  const recorded = recordedRequests(plans);
  const restore = stable === heldBy.stable ? heldBy.restore : stable === c.digests.old ? packRestore(c.oldObject) : undefined;
  return {
    stable,
    policy: policy?.metadata.name ?? heldBy.policy,
    restore,
    overwritten: [...(heldBy.overwritten ?? []), heldBy.request].filter((request) => !recorded.has(request.uid)),
  };
}

interface Situation {
  plan: string;
  isCancel: boolean;
  promoting: PlanFact | undefined;
  failed: PlanFact | undefined;
  underWay: boolean;
}

function wordsFor(c: AdmissionCase, { plan, isCancel, promoting, failed, underWay }: Situation): Words {
  const { name, namespace } = c.asking;
  if (isCancel) return held.cancelled(name);
  if (failed) return held.repeated(failed, c.asking);
  return promoting ? held.afterPromotion(plan, namespace, promoting.name) : held.superseded(plan, namespace, underWay);
}

const withWorkerDown = ({ world }: AdmissionCase, words: Words): Words =>
  world.workerIsAlive ? words : { ...words, warnings: [...words.warnings, kept.noWorker] };
