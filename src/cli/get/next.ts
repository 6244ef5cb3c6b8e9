import { formatDuration } from "../../api/duration.ts";
import type { CanaryPlan } from "../../api/plan.ts";
import { metricsInForce } from "../../core/analysis/inForce.ts";
import type { PlanReason } from "../../core/plan/reasons.ts";
import { pauseMilliseconds, stepInWords } from "../step.ts";

/** What comes next, and what it waits for: `60% in 12s, if success-rate passes`. Undefined when nothing does. */
export function nextOf(plan: CanaryPlan, now: number): string | undefined {
  const { spec, status } = plan;
  const steps = spec.policy?.spec.steps ?? [];
  const index = status?.step?.index ?? 0;
  switch (status?.phase ?? "Preparing") {
    case "Preparing":
      if (isQuick(status)) return "100% at once, since the template served lately (rollbackWindow)";
      return steps[0] === undefined ? undefined : `${stepInWords(steps[0])}, once the routes are in place`;
    case "Progressing":
      return inStep(plan, index, now);
    case "Paused":
      return paused(plan, index);
    case "Promoting":
      return "the canary's pods become the Deployment's, then the old ones go";
    case "RollingBack":
      return spec.policy?.spec.onFailure === "Hold"
        ? "the Deployment stays held on stable"
        : "the stable template goes back into the Deployment";
    default:
      return undefined;
  }
}

const isQuick = (status: CanaryPlan["status"]): boolean =>
  (status?.journal ?? []).some(({ reason }) => reason === ("WithinRollbackWindow" satisfies PlanReason));

function inStep({ spec, status }: CanaryPlan, index: number, now: number): string | undefined {
  const steps = spec.policy?.spec.steps ?? [];
  const current = steps[index];
  if (current === undefined) return "promote";
  const after = steps[index + 1];
  const then = after === undefined ? "promote" : after.setWeight === undefined ? stepInWords(after) : `${after.setWeight}%`;
  const length = pauseMilliseconds(current);
  const names = namesInForce(spec, index);
  const judged = names.length === 0 ? "" : `, if ${names.join(" and ")} ${names.length === 1 ? "passes" : "pass"}`;
  if (length === undefined) return `${then}, after ${stepInWords(current)}`;
  const left = length - (now - Date.parse(status?.step?.startedAt ?? ""));
  if (Number.isNaN(left)) return `${then}, after ${stepInWords(current)}${judged}`;
  return left > 0
    ? `${then} in ${formatDuration(Math.ceil(left / 1_000) * 1_000)}${judged}`
    : `${then}${judged === "" ? "" : judged.replace(", if", " when")}`;
}

/** Dry runs hold nothing up. */
function namesInForce({ policy }: CanaryPlan["spec"], index: number): string[] {
  const background =
    policy === undefined ? [] : metricsInForce(policy.spec, index).filter(({ step, dryRun }) => step === undefined && !dryRun);
  return background.map(({ metric }) => metric.name);
}

/** At a gate the command that opens it. The other pauses have their own sentence in the message. */
function paused({ spec, metadata, status }: CanaryPlan, index: number): string | undefined {
  const gate = spec.policy?.spec.steps[index]?.pause;
  if (gate === undefined || gate.duration !== undefined || status?.reason !== "PausedForApproval") return undefined;
  return `waits for a person: kubectl rollout resume deploy/${spec.deployment.name} -n ${metadata.namespace}`;
}
