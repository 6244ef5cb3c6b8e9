import { annotations } from "../../api/names.ts";
import type { CanaryPolicy } from "../../api/policy.ts";
import type { ReviewedDeployment } from "./deploymentReview.ts";
import type { ReasonCode, Words } from "./reasons.ts";
import { servedBefore } from "./rollbackWindow.ts";
import type { PlanFact } from "./world.ts";

/*
 * What users read, made here and nowhere else. kubectl shows each line as a warning of at most 120 characters, so the
 * first line says what happened and the next one what to type.
 */

const say = (reason: ReasonCode, message: string, ...more: string[]): Words => ({ reason, message, warnings: [message, ...more] });

const follow = (plan: string, namespace: string): string => `follow it: kubectl get canaryplan ${plan} -n ${namespace} -w`;

interface Named {
  name: string;
  namespace: string;
}

/** What asks a template that failed again. It needs the plugin; `wayOn` gives the same to those who have only kubectl. */
export const retryCommand = (deployment: string, namespace: string): string => `kubectl serin retry deploy/${deployment} -n ${namespace}`;

/** `30% → 60% → 100%`. */
export const weightsOf = (policy: CanaryPolicy): string =>
  policy.spec.steps.flatMap((step) => (step.setWeight === undefined ? [] : [`${step.setWeight}%`])).join(" → ");

const standing = (plan: PlanFact): string =>
  plan.step.total > 0 && (plan.phase === "Progressing" || plan.phase === "Paused")
    ? `${plan.phase}, step ${Math.min(plan.step.index + 1, plan.step.total)}/${plan.step.total}`
    : plan.phase;

export const held = {
  imageChanged: (reason: "ImageChanged" | "TemplateChanged", plan: string, namespace: string, policy: CanaryPolicy): Words =>
    say(reason, `canary plan ${plan}: ${weightsOf(policy)}; the stable pods go on serving`, follow(plan, namespace)),

  whilePaused: (plan: string, namespace: string, policy: CanaryPolicy): Words =>
    say("ChangedWhilePaused", `resumed with another template: canary plan ${plan}: ${weightsOf(policy)}`, follow(plan, namespace)),

  afterPromotion: (plan: string, namespace: string, promoting: string): Words =>
    say("ChangedAfterPromotion", `plan ${promoting} finishes its promotion, then canary plan ${plan} begins`, follow(plan, namespace)),

  repeated: (failed: PlanFact, { name, namespace }: Named): Words =>
    say(
      "Repeated",
      `this template failed in plan ${failed.name}: held on the stable pods, no new canary`,
      `why: ${failed.message}`,
      `try it again: ${retryCommand(name, namespace)}`,
    ),

  withinWindow: (plan: string, namespace: string, back: number): Words =>
    say(
      "WithinRollbackWindow",
      `plan ${plan}: this template ${servedBefore(back)}: straight to 100%`,
      `without the steps, once its pods are ready; ${follow(plan, namespace)}`,
    ),

  superseded: (plan: string, namespace: string, underWay: boolean): Words =>
    say(
      "Superseded",
      underWay
        ? `another template: the canary under way ends, then plan ${plan} begins against the same stable`
        : `another template: canary plan ${plan} begins against the same stable`,
      follow(plan, namespace),
    ),

  cancelled: (deployment: string): Words =>
    say("Cancelled", `cancelled: traffic goes back to stable, then ${deployment} is unheld by itself; nothing more to do`),
};

export const kept = {
  ownPause: (deployment: string, namespace: string): Words =>
    say("OwnPause", `paused by you: the canary begins with kubectl rollout resume deploy/${deployment} -n ${namespace}`),

  stayedHeld: (deployment: string): Words =>
    say("StayedHeld", `${deployment} stays held by its canary plan: this write cleared spec.paused`),

  intentPutBack: (): Words => say("IntentPutBack", `annotation ${annotations.intent} is Serin's own: it was put back`),

  approved: (plan: PlanFact): Words =>
    say("Approved", `approved: plan ${plan.name} goes on from step ${plan.step.index + 1}/${plan.step.total}; the Deployment stays held`),

  stripped: (): Words =>
    say("MarksStripped", "this manifest was exported from a held Deployment: its spec.paused and Serin's annotations were removed"),

  optOutForbidden: ({ metadata }: CanaryPolicy): string =>
    `policy ${metadata.name} says optOut: Forbid: annotation ${annotations.canary}: "off" is ignored`,

  noWorker: "no Serin worker is alive: nothing moves, stable goes on serving, until one returns",
};

/** The commands that do work, ready to be typed. */
function wayOn({ metadata: { name, namespace } }: ReviewedDeployment, plan: PlanFact | undefined, stableImages: string): string[] {
  const control = (content: string) =>
    `kubectl patch canaryplan ${plan?.name} -n ${namespace} --type merge -p '{"spec":{"control":${content}}}'`;
  const cancel = `To cancel: kubectl set image deploy/${name} -n ${namespace} ${stableImages}`;
  if (plan === undefined) return [cancel];
  if (plan.phase === "Held") return [cancel, `to try again: ${control('{"retry":{}}')}`];
  const endsByItself = plan.phase === "Promoting" || plan.phase === "Cancelling" || plan.phase === "RollingBack";
  return endsByItself
    ? ["It ends by itself; there is nothing to approve"]
    : [cancel, `to promote now: ${control('{"promote":{"full":true}}')}`];
}

export const refused = {
  resume: (object: ReviewedDeployment, plan: PlanFact | undefined, stableImages: string): Words => {
    const { name, namespace } = object.metadata;
    const where = plan
      ? `plan ${plan.name} (${standing(plan)}${plan.message ? `: ${plan.message}` : ""})`
      : "a canary plan that is being made";
    const commands = wayOn(object, plan, stableImages).join("; ");
    return say(
      "ResumeRefused",
      `serin: ${name} in ${namespace} is held by ${where}. \`kubectl rollout resume\` approves a gate, and it stands at none. ${commands}`,
    );
  },

  repeat: (failed: PlanFact, policy: CanaryPolicy): Words =>
    say(
      "RepeatDenied",
      `serin: this template failed in plan ${failed.name}: ${failed.message}. Policy ${policy.metadata.name} says onRepeat: Deny. Change the template, or ask its owner.`,
    ),

  workerDown: (policy: CanaryPolicy): Words =>
    say(
      "WorkerDown",
      `serin: no worker is alive to run the canary, and policy ${policy.metadata.name} says whenWorkerIsDown: Deny. See: kubectl get lease -n serin-system serin-worker`,
    ),

  stamp: (field: string): Words =>
    say("StampForged", `serin: spec.control.${field}.by and .at say who asked and when; the webhook writes them. Leave them out.`),
};

export const bypassed = {
  optOut: (): Words => say("BypassOptOut", `no canary: annotation ${annotations.canary} is "off"; rolls out as usual`),
  noStable: (what: string): Words => say("BypassNoStable", `no canary: ${what}; rolls out as usual`),
  recreate: (): Words => say("BypassRecreate", "no canary: strategy Recreate never runs two versions at once; rolls out as usual"),
  volume: (claim: string): Words =>
    say("BypassVolume", `no canary: two versions would share claim ${claim}; rolls out as usual (policy: allowTwoVersions)`),
  hostPort: (port: number): Words =>
    say("BypassHostPort", `no canary: host port ${port} can't be shared by two pods; rolls out as usual (policy: allowTwoVersions)`),
  workerDown: (): Words => say("BypassWorkerDown", "no canary: no Serin worker is alive; this rolls out as usual, unwatched"),
  noKeys: (): Words => say("BypassNoKeys", "no canary: Serin's webhook has no signing key yet; this rolls out as usual, unwatched"),
};

export const others = {
  stamped: (user: string, fields: readonly string[]): Words => say("Stamped", `${fields.join(", ")} recorded as asked by ${user}`),
  splitKept: (plan: string): Words => say("SplitKept", `plan ${plan} is splitting this route: its weights stay, the rest was applied`),
  badReview: (what: string): Words => say("BadReview", `serin: not an admission review: ${what}`),
  failed: (): Words => say("Failed", "serin: the webhook failed on this request; its log says why"),
};
