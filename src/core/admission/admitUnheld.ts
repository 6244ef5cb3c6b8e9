import { annotations, group, labels } from "../../api/names.ts";
import { bypassName, planName } from "../../api/planName.ts";
import type { CanaryPolicy } from "../../api/policy.ts";
import { type Admission, allowed, denied, patched } from "./admission.ts";
import { type AdmissionCase, annotationOf } from "./admissionCase.ts";
import { whyBypass, withOptOutForbidden } from "./bypass.ts";
import { holdMarks, ownRequest } from "./holdMarks.ts";
import { imageChanges, imagesByContainer } from "./images.ts";
import { markOperations, type WantedMarks } from "./jsonPatch.ts";
import { type Live, liveTemplate } from "./live.ts";
import { nextGeneration, notePassage, overlooked, pendingNote } from "./notePassage.ts";
import { failedBefore } from "./plansOfDeployment.ts";
import { policyFor, policySelecting } from "./policyFor.ts";
import { policyTarget } from "./policyTarget.ts";
import { type ReasonCode, silent, type Words } from "./reasons.ts";
import { revisionsBack } from "./rollbackWindow.ts";
import { annotationText, sealBeforePause } from "./seal.ts";
import { held, kept, refused } from "./words.ts";
import type { PlanFact } from "./world.ts";

/** A Deployment that is not held by us: no plan lives, or its canary has been handed over already. */
export function admitUnheld(c: AdmissionCase): Admission {
  const live = liveTemplate(c);
  if (live.isAsked) return untouched(c, "NothingAsked");
  if (isOwnPause(c, live)) return remember(c, live);
  const promoting = promotingPlan(c);
  const policy = policyFor(policyTarget(c, live.images), c.world.policies, c.world.ownNamespace) ?? policyOf(promoting, c);
  if (!policy) return untouched(c, "NoPolicy");
  if (promoting) return begin(c, live, policy);
  const bypass = whyBypass(c, policy);
  if (bypass) return letThrough(c, live, policy, bypass);
  if (!c.world.workerIsAlive) return denied(refused.workerDown(policy), { policy: policy.metadata.name });
  return begin(c, live, policy);
}

function letThrough(c: AdmissionCase, live: Live, policy: CanaryPolicy, words: Words): Admission {
  const marks = withoutMarks(c);
  const note = notePassage(c, live, policy, words);
  // Without one, what is still to be put on record stays.
  const noted = note === undefined ? marks : { ...marks, annotations: { ...marks.annotations, [annotations.passage]: note } };
  const plan = bypassName(c.asking.name, c.oldObject.metadata.uid ?? "", nextGeneration(c));
  return patched("Bypassed", words, markOperations(c.object, noted), { policy: policy.metadata.name, plan });
}

/**
 * The plan whose canary has been handed over and gets every request by its own subset. Whatever changes the template now, a restart too, would
 * empty that subset under the load: it waits until the routes are as they were. No bypass either, and no key means no hold.
 */
function promotingPlan({ world, oldObject }: AdmissionCase): PlanFact | undefined {
  if (world.keys.length === 0) return undefined;
  return world.plansOf(oldObject.metadata.uid ?? "").find(({ phase }) => phase === "Promoting");
}

const policyOf = (plan: PlanFact | undefined, { world }: AdmissionCase): CanaryPolicy | undefined =>
  plan && world.policies.find(({ metadata }) => metadata.name === plan.policy);

function begin(c: AdmissionCase, live: Live, policy: CanaryPolicy): Admission {
  const subject = { policy: policy.metadata.name };
  const plans = c.world.plansOf(c.oldObject.metadata.uid ?? "");
  const failed = policy.spec.onRepeat === "Retry" ? undefined : failedBefore(plans, c.digests.asked);
  if (failed && policy.spec.onRepeat === "Deny") return denied(refused.repeat(failed, policy), { ...subject, plan: failed.name });
  const { marks, intent } = holdMarks(c, {
    stable: live.digest(),
    policy: policy.metadata.name,
    restore: live.restore(),
    overwritten: overlooked(c),
  });
  const plan = planName(c.asking.name, intent.request.uid);
  const words = failed ? held.repeated(failed, c.asking) : wordsFor(c, live, policy, plan);
  return patched("Held", withOptOutForbidden(c, policy, words), markOperations(c.object, marks), { ...subject, plan });
}

function wordsFor(c: AdmissionCase, live: Live, policy: CanaryPolicy, plan: string): Words {
  const { namespace } = c.asking;
  const plans = c.world.plansOf(c.oldObject.metadata.uid ?? "");
  const promoting = promotingPlan(c);
  if (promoting) return held.afterPromotion(plan, namespace, promoting.name);
  const back = revisionsBack(plans, { digest: c.digests.asked, present: live.digest(), window: policy.spec.rollbackWindow.revisions });
  if (back !== undefined) return held.withinWindow(plan, namespace, back);
  if (live.remembered) return held.whilePaused(plan, namespace, policy);
  const byImage = imageChanges(live.images, imagesByContainer(c.object.spec.template)).length > 0;
  return held.imageChanged(byImage ? "ImageChanged" : "TemplateChanged", plan, namespace, policy);
}

/** Nothing starts while the pause is the user's; what served before his first edit is remembered, if a policy could be for him at all. */
function remember(c: AdmissionCase, live: Live): Admission {
  const policy = policySelecting(policyTarget(c, live.images), c.world.policies, c.world.ownNamespace);
  if (!policy || c.world.keys.length === 0) return untouched(c, "OwnPause");
  const marks = withoutMarks(c);
  const restore = live.restore();
  const record = sealBeforePause(
    {
      v: 1,
      uid: c.oldObject.metadata.uid ?? "",
      stable: live.digest(),
      images: Object.fromEntries(live.images),
      ...(restore === undefined ? {} : { restore }),
    },
    c.world.keys,
  );
  const remembered = { ...marks, annotations: { ...marks.annotations, [annotations.beforePause]: annotationText(record) } };
  const { name, namespace } = c.asking;
  const triggers = policyFor(policyTarget(c, live.images), c.world.policies, c.world.ownNamespace) !== undefined;
  const words = triggers ? kept.ownPause(name, namespace) : silent("OwnPause");
  return patched("Remembered", words, markOperations(c.object, remembered), { policy: policy.metadata.name });
}

/** Not changed, but for marks of ours that mean nothing here. */
function untouched(c: AdmissionCase, reason: ReasonCode): Admission {
  const pending = pendingNote(c);
  // Most Deployments carry nothing of ours.
  if (!isMarked(c) && !isSeen(c) && !pending) return allowed(silent(reason));
  const operations = markOperations(c.object, withoutMarks(c));
  if (operations.length === 0) return allowed(silent(reason));
  if (carriesIntent(c) && !isOurHold(c)) return patched("Stripped", kept.stripped(), operations);
  if (isSeen(c)) return patched("Seen", silent(reason), operations);
  if (pending && pending.text !== annotationOf(c.object, annotations.passage))
    return patched("NoteKept", silent("NotePutBack"), operations);
  return patched("Stripped", silent("LeftoverRemoved"), operations);
}

/**
 * Of a namespace that enforces: there a change of the template without a hold needs our word that we were asked. Of every one, since what counts as a
 * change of images is the API server's to say (manifests/admission/enforce-policy.yaml).
 */
const isSeen = ({ asking, world, isSameTemplate }: AdmissionCase): boolean =>
  !isSameTemplate && world.namespaceLabels(asking.namespace)?.[labels.enforce] === "true";

/** Whether any annotation is ours. Without one, a pause is the user's. */
function isMarked({ object }: AdmissionCase): boolean {
  for (const key in object.metadata.annotations) if (key.startsWith(`${group}/`)) return true;
  return false;
}

const carriesIntent = ({ object }: AdmissionCase): boolean => annotationOf(object, annotations.intent) !== undefined;

/** A pause that comes together with an intent, onto a Deployment that was not paused, is ours and exported with the manifest. */
const isImportedPause = (c: AdmissionCase): boolean =>
  carriesIntent(c) && c.oldObject.spec.paused !== true && c.object.spec.paused === true;

/**
 * This very admission held it a moment ago, and kube-apiserver asks again because another webhook changed the object since: to something that needs no
 * hold, if we come to take it back.
 */
const isOurHold = (c: AdmissionCase): boolean => c.carried !== undefined && ownRequest(c, c.carried.stable) !== undefined;

/** What this very admission wrote a moment ago is no pause of the user's. */
const isOwnPause = (c: AdmissionCase, live: Live): boolean => c.paused && !isImportedPause(c) && ownRequest(c, live.digest()) === undefined;

function withoutMarks(c: AdmissionCase): WantedMarks {
  const paused = c.paused && !isImportedPause(c) && !isOurHold(c);
  return {
    paused,
    annotations: {
      [annotations.intent]: undefined,
      [annotations.unpauseAsked]: undefined,
      [annotations.passage]: pendingNote(c)?.text,
      ...(carriesIntent(c) ? { [annotations.approval]: undefined } : {}),
      ...(paused ? {} : { [annotations.beforePause]: undefined }),
      [annotations.carried]: undefined,
      [annotations.admitted]: isSeen(c) ? c.oldObject.metadata.resourceVersion : undefined,
    },
  };
}
