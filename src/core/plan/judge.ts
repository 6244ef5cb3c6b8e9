import type { MetricStatus } from "../../api/metricStatus.ts";
import { type InForce, metricsInForce } from "../analysis/inForce.ts";
import { assess, closingLook, due, nextDue, noDataAt, noDataVerdict } from "../analysis/run.ts";
import { approvalOf, use } from "./approvals.ts";
import type { Draft } from "./draft.ts";
import { end, failed } from "./endings.ts";
import type { Look } from "./look.ts";
import { wayOf, weightNow } from "./routes.ts";
import { metricKey } from "./snapshot.ts";
import { statusOf, takeIn, weightChangedAt } from "./takeIn.ts";

/** `go`: the steps may go on. `wait`: a person or data is needed. `end`: the plan unwinds. */
export type Judged = "go" | "wait" | "end";

/** Takes in what Prometheus answered, ends the plan when a metric failed for good, and asks for what is due. */
export function judge(look: Look, draft: Draft): Judged {
  const inForce = metricsInForce(look.policy, draft.status.step?.index ?? 0);
  if (inForce.length === 0) return "go";
  takeIn(look, draft, inForce);
  const statuses = inForce.flatMap((each) => statusOf(draft, each) ?? []);
  const assessed = assess(statuses);
  if (assessed.phase === "Failed" || assessed.phase === "Error") {
    end(draft, {
      outcome: failed(look.policy.onFailure),
      reason: assessed.phase === "Failed" ? "AnalysisFailed" : "AnalysisError",
      message: assessed.message,
    });
    return "end";
  }
  schedule(look, draft, inForce);
  if (assessed.phase === "Inconclusive") return pausedUntilDecided(look, draft, "PausedInconclusive", assessed.message, statuses);
  return missingData(look, draft, statuses);
}

function schedule(look: Look, draft: Draft, inForce: readonly InForce[]): void {
  for (const each of inForce) {
    if (each.metric.builtin !== undefined) continue;
    const key = metricKey(each.metric.name, each.step);
    const status = statusOf(draft, each);
    const clock = { now: draft.now, startedAt: draft.now, measuring: look.snapshot.inFlight.has(key) };
    if (due(each.metric, status, clock) === true) measure(look, draft, each, false);
    const next = nextDue([{ metric: each.metric, status }], clock);
    if (next !== undefined && next > draft.now) draft.wake(next - draft.now);
  }
}

/** A built-in is never asked for: it is counted all along, for all plans at once, and its next count wakes this plan. */
function measure(look: Look, draft: Draft, { metric, step }: InForce, closing: boolean): void {
  if (metric.builtin !== undefined) return;
  const key = metricKey(metric.name, step);
  if (look.snapshot.inFlight.has(key) || draft.actions.some((action) => action.kind === "measure" && action.key === key)) return;
  draft.do({ kind: "measure", key, metric, weight: weightInForce(look, draft), closing });
}

const weightInForce = (look: Look, draft: Draft): number =>
  wayOf(look) === "routes" ? (weightNow(look) ?? 0) : (draft.status.weight?.desired ?? 0);

function missingData(look: Look, draft: Draft, statuses: readonly MetricStatus[]): Judged {
  for (const status of statuses.filter(({ dryRun }) => dryRun !== true)) {
    const verdict = noDataVerdict(look.policy.onNoData, status, draft.now);
    const at = noDataAt(look.policy.onNoData, status);
    if (at !== undefined && at > draft.now) draft.wake(at - draft.now);
    if (verdict === "ok") continue;
    const last = status.measurements.at(-1)?.message.replace(`${status.name}: `, "") ?? "none";
    const message = `${verdict.message}; last: ${last}`;
    if (verdict.action === "Fail") {
      end(draft, { outcome: failed(look.policy.onFailure), reason: "NoData", message });
      return "end";
    }
    return pausedUntilDecided(look, draft, "PausedNoData", message, []);
  }
  return "go";
}

/**
 * A person's approval of the step starts an inconclusive analysis anew (table W2), and goes on without data: then the pause that it is for takes it
 * in. Without one the plan stays where it is.
 */
function pausedUntilDecided(
  look: Look,
  draft: Draft,
  reason: "PausedInconclusive" | "PausedNoData",
  message: string,
  reset: readonly MetricStatus[],
): Judged {
  const index = draft.status.step?.index ?? 0;
  const approved = approvalOf(look, draft, index);
  if (approved && reset.length > 0) {
    use(draft, approved);
    draft.status.metrics = (draft.status.metrics ?? []).filter(
      (status) => !reset.some(({ name, step }) => name === status.name && step === status.step),
    );
    draft.tell("Approved", `${message}; the analysis starts anew, approved by ${approved.by} (${approved.how})`);
    return "go";
  }
  if (approved) return "go";
  draft.enter("Paused");
  if (draft.status.reason === reason) draft.say(reason, message);
  else draft.tell(reason, message, "Warning");
  return "wait";
}

/**
 * A weight is left only with a pass of every background metric, taken under it and at most 10 s old; else one is asked for right now (design §8, I6).
 * At weight 0 nobody has met the canary yet, so there is nothing to pass.
 */
export function passUnder(look: Look, draft: Draft, weight: number): boolean {
  if (weight === 0) return true;
  const index = Math.min(draft.status.step?.index ?? 0, look.policy.steps.length - 1);
  const background = metricsInForce(look.policy, index).filter(({ step }) => step === undefined);
  return passEach(look, draft, background, weight);
}

function passEach(look: Look, draft: Draft, metrics: readonly InForce[], weight: number): boolean {
  if (weight === 0) return true;
  const changedAt = weightChangedAt(look, draft);
  let passed = true;
  for (const each of metrics) {
    if (each.dryRun) continue;
    const looked = closingLook(each.metric, statusOf(draft, each), { now: draft.now, weightChangedAt: changedAt, weight });
    if (looked.kind === "passed") continue;
    passed = false;
    draft.stage("pass");
    if (looked.kind === "measure-now") measure(look, draft, each, true);
    else if (looked.kind === "wait") draft.wake(looked.until - draft.now);
    const last = statusOf(draft, each)?.measurements.at(-1);
    draft.say(
      "WaitingForPass",
      `${each.metric.name} needs a pass under weight ${weight} before the weight rises${last ? `; last: ${last.message}` : ""}`,
    );
  }
  return passed;
}

/** Whether the metrics of an analysis step have all ended well, and each with a latest pass under this weight (I6). Their failures end the plan in `judge`. */
export function inlineAnalysis(look: Look, draft: Draft): boolean {
  const index = draft.status.step?.index ?? 0;
  const inline = metricsInForce(look.policy, index).filter(({ step }) => step !== undefined);
  const statuses = inline.flatMap((each) => statusOf(draft, each) ?? []);
  const assessed = assess(statuses);
  draft.stage("analysis");
  if (statuses.length === inline.length && assessed.phase === "Successful")
    return passEach(look, draft, inline, draft.status.weight?.desired ?? 0);
  draft.say("StepStarted", `step ${index + 1}/${look.policy.steps.length}: ${assessed.message}`);
  return false;
}
