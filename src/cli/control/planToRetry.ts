import { type CanaryPlan, isLive } from "../../api/plan.ts";
import { type PodTemplate, templateDigest } from "../../api/template.ts";
import { imagesToSet } from "../../core/admission/images.ts";
import { retryCommand } from "../../core/admission/words.ts";
import type { Deployment } from "../../kube/object.ts";
import { UserError } from "../userError.ts";

export interface Asked {
  name: string;
  namespace: string;
  deployment: Deployment | undefined;
  plans: readonly CanaryPlan[];
  /** The plan that was named; undefined: the one that holds the Deployment. */
  planName: string | undefined;
}

/**
 * The plan whose template the worker would try again: the latest one of the template that the Deployment is held with, and it must be Held.
 * @throws UserError that says what to type instead
 */
export function planToRetry({ name, namespace, deployment, plans, planName }: Asked): CanaryPlan {
  const what = `can't retry ${planName === undefined ? `deploy/${name}` : `plan ${planName}`}`;
  if (!deployment?.spec?.template)
    throw new UserError({
      what,
      why: `there is no Deployment ${name} in namespace ${namespace}`,
      todo: "look with: kubectl get deployments -A",
    });
  const template = deployment.spec.template as unknown as PodTemplate;
  const latestFirst = plans
    .filter(({ spec }) => spec.deployment.uid === deployment.metadata.uid)
    .sort((a, b) => (askedAt(a) < askedAt(b) ? 1 : -1));
  const live = latestFirst.find(isLive);
  if (live)
    throw new UserError({
      what,
      why: `plan ${live.metadata.name} is under way (${live.status?.phase ?? "Preparing"})`,
      todo: `follow it: kubectl serin get deploy/${name} -n ${namespace} -w`,
    });
  const digest = templateDigest(template);
  const held = deployment.spec.paused ? latestFirst.find(({ spec }) => spec.canary.digest === digest) : undefined;
  const isHeld = held?.status?.phase === "Held";
  if (held && isHeld && (planName === undefined || planName === held.metadata.name)) return held;
  if (held && isHeld)
    throw new UserError({ what, why: `${name} is held by plan ${held.metadata.name}`, todo: retryCommand(name, namespace) });
  const last = planName === undefined ? latestFirst[0] : plans.find(({ metadata }) => metadata.name === planName);
  if (last?.status?.phase !== "RolledBack" && last?.status?.phase !== "Held")
    throw new UserError({
      what,
      why:
        last === undefined ? `${name} has had no plan` : `plan ${last.metadata.name} ended ${last.status?.phase}: nothing has failed there`,
      todo: "ask for a change as always: kubectl set image",
    });
  throw new UserError({
    what,
    why: `plan ${last.metadata.name} failed, and the stable template is back in the Deployment`,
    todo: askAgain(last, template, namespace),
  });
}

const askedAt = ({ spec, metadata }: CanaryPlan): string => spec.request?.at ?? metadata.creationTimestamp ?? "";

/** The template is gone from the Deployment, so only whoever has it can ask for it. */
function askAgain({ spec }: CanaryPlan, present: PodTemplate, namespace: string): string {
  const { name } = spec.deployment;
  const images = imagesToSet(present, spec.canary.images);
  const again = images === undefined ? "apply its manifest again" : `kubectl set image deploy/${name} -n ${namespace} ${images}`;
  switch (spec.policy?.spec.onRepeat) {
    case "Retry":
      return `${again} (policy ${spec.policy.name}: onRepeat: Retry, a canary of its own)`;
    case "Deny":
      return `another template: policy ${spec.policy.name} says onRepeat: Deny and refuses this one`;
    default:
      return `${again}; it is then held on the stable pods, and this command tries it again`;
  }
}
