import { formatDuration, parseDuration } from "../../api/duration.ts";
import type { PolicyStep } from "../../api/policy.ts";
import { canaryReplicas } from "../traffic/capacity.ts";
import { approvalOf, use } from "./approvals.ts";
import type { Draft } from "./draft.ts";
import { endAnalysis } from "./endings.ts";
import { inlineAnalysis, passUnder } from "./judge.ts";
import { type Look, podsInWords, readyOf, settledAt, stepAt } from "./look.ts";
import { proofOf } from "./proof.ts";
import { routeActions, wayOf, weightNow } from "./routes.ts";

/** A step in a few words, as `get` shows it. */
export function stepText(step: PolicyStep): string {
  if (step.setWeight !== undefined) return `setWeight ${step.setWeight}`;
  if (step.pause)
    return step.pause.duration === undefined ? "pause until approved" : `pause ${formatDuration(pauseLength(step.pause.duration))}`;
  return `analysis ${(step.analysis?.metrics ?? []).map(({ name }) => name).join(", ")}`;
}

/** Milliseconds of a pause; Argo's bare numbers are seconds. */
export const pauseLength = (duration: string | number): number =>
  typeof duration === "number" ? duration * 1_000 : parseDuration(duration);

/** Whether the steps are all done. Advances as far as the world permits, in one decision. */
export function runSteps(look: Look, draft: Draft): boolean {
  for (;;) {
    const at = stepNow(look, draft);
    const step = look.policy.steps[at.index];
    if (step === undefined) return lastStepHolds(look, draft);
    if (at.startedAt === undefined && !startStep(look, draft, step)) return false;
    if (!stepDone(look, draft, step)) return false;
    advance(look, draft, step);
  }
}

function stepNow(look: Look, draft: Draft) {
  draft.status.step ??= stepAt(0, look.policy.steps.length);
  return draft.status.step;
}

/** The canary pods that the weight now wanted needs. */
export const podsNeeded = (look: Look, weight: number): number =>
  canaryReplicas({
    replicas: look.deployment?.replicas ?? 0,
    weight,
    setting: look.policy.canary.replicas,
    minReplicas: look.policy.canary.minReplicas,
  });

/** A step that raises the weight starts only from proven ground: the last weight was reached, and its metrics passed under it. */
function startStep(look: Look, draft: Draft, step: PolicyStep): boolean {
  const before = draft.status.weight?.desired ?? 0;
  const index = draft.status.step?.index ?? 0;
  if (step.setWeight !== undefined && step.setWeight > before && before > 0) {
    const previous = look.policy.steps[index - 1];
    if (previous?.setWeight !== undefined && !passUnder(look, draft, before)) return false;
    if (!weightSettled(look, draft, before) || !proofOf(look, draft, before)) return false;
  }
  draft.status.step = { ...stepAt(index, look.policy.steps.length), startedAt: draft.time, text: stepText(step) };
  if (step.setWeight !== undefined && step.setWeight !== before) {
    draft.status.weight = { desired: step.setWeight, changedAt: draft.time };
    draft.tell("TrafficWeightUpdated", `step ${index + 1}/${look.policy.steps.length}: weight ${before} → ${step.setWeight}`);
  }
  return true;
}

function stepDone(look: Look, draft: Draft, step: PolicyStep): boolean {
  if (step.setWeight !== undefined) return weightSet(look, draft, step.setWeight);
  if (!enoughPods(look, draft, draft.status.weight?.desired ?? 0)) return false;
  if (step.pause) return pauseOver(look, draft, step.pause.duration);
  return weightSettled(look, draft, draft.status.weight?.desired ?? 0) && inlineAnalysis(look, draft);
}

/** All routes carry the weight, the pods for it are ready, and every proxy has heard of it. */
export const weightReached = (look: Look, draft: Draft, weight: number): boolean =>
  weightSet(look, draft, weight) && weightSettled(look, draft, weight);

/** The routes carry it and its pods are ready. A pause counts from here, as Argo's does; what comes after it waits for `weightSettled`. */
function weightSet(look: Look, draft: Draft, weight: number): boolean {
  if (!enoughPods(look, draft, weight)) return false;
  if (wayOf(look) === "podCount" || (weightNow(look) === weight && routeActions(look, weight).length === 0)) return true;
  draft.stage("routes");
  draft.say("WaitingForRoutes", `weight ${weight}: the routes are being written`);
  return false;
}

/** Every proxy has surely heard of it. */
function weightSettled(look: Look, draft: Draft, weight: number): boolean {
  const left = settledAt(look.snapshot) - draft.now;
  if (wayOf(look) === "podCount" || left <= 0) return true;
  draft.stage("routes");
  draft.say("WaitingForRoutes", `weight ${weight}: waiting until every proxy has heard of it (${look.snapshot.settle.message})`);
  draft.wake(left);
  return false;
}

function enoughPods(look: Look, draft: Draft, weight: number): boolean {
  const needed = podsNeeded(look, weight);
  if (weight === 0 || readyOf(look.canaryPods) >= needed) return true;
  draft.stage("pods");
  draft.say("WaitingForPods", podsInWords(look, needed));
  return false;
}

function pauseOver(look: Look, draft: Draft, duration: string | number | undefined): boolean {
  const index = draft.status.step?.index ?? 0;
  const approved = approvalOf(look, draft, index);
  if (approved) {
    use(draft, approved);
    draft.tell("Approved", `step ${index + 1}/${look.policy.steps.length} approved by ${approved.by} (${approved.how})`);
    return true;
  }
  if (duration === undefined) {
    draft.enter("Paused");
    draft.stage("gate");
    draft.tellOnceInWords(
      "PausedForApproval",
      `step ${index + 1}/${look.policy.steps.length} waits for approval: kubectl rollout resume deploy/${look.spec.deployment.name}`,
    );
    return false;
  }
  const until = Date.parse(draft.status.step?.startedAt ?? draft.time) + pauseLength(duration);
  if (draft.now < until) {
    draft.stage("pause");
    draft.say(
      "StepStarted",
      `step ${index + 1}/${look.policy.steps.length}: ${stepText({ pause: { duration } })} at weight ${draft.status.weight?.desired ?? 0}, until ${new Date(until).toISOString()}`,
    );
    draft.wake(until - draft.now);
    return false;
  }
  return passUnder(look, draft, draft.status.weight?.desired ?? 0);
}

function advance(look: Look, draft: Draft, step: PolicyStep): void {
  const index = draft.status.step?.index ?? 0;
  if (step.setWeight === undefined)
    draft.tell("StepCompleted", `step ${index + 1}/${look.policy.steps.length} done: ${stepText(step)}${counted(draft)}`);
  if (step.analysis) endAnalysis(draft, index);
  draft.status.step = stepAt(index + 1, look.policy.steps.length);
  draft.enter("Progressing");
  delete draft.status.stage;
  delete draft.status.stageSince;
}

/** After the last step: the promotion is a rise too, from proven ground. */
function lastStepHolds(look: Look, draft: Draft): boolean {
  const weight = draft.status.weight?.desired ?? 0;
  const last = look.policy.steps.at(-1);
  if (last?.setWeight !== undefined && !passUnder(look, draft, weight)) return false;
  return weightSettled(look, draft, weight) && proofOf(look, draft, weight);
}

/** What the requests said under the weight that a step leaves. */
function counted({ status: { weight } }: Draft): string {
  if (weight?.observed === undefined || weight.requests === undefined) return "";
  return `; the canary got ${weight.observed} % of ${weight.requests} requests`;
}
