import { type CanaryPlan, isLive, mostServices } from "../../api/plan.ts";
import { revisionsBack, servedBefore } from "../admission/rollbackWindow.ts";
import { whoAsked } from "../admission/stamp.ts";
import { journalRoot } from "../audit/journal.ts";
import { fullPromotion } from "./approvals.ts";
import { begin, repeats, strandedFor } from "./begin.ts";
import { type Decision, Draft } from "./draft.ts";
import { end, endingOf } from "./endings.ts";
import { hearStamps } from "./hearStamps.ts";
import { judge } from "./judge.ts";
import { firstStatus, type Look, lookAt } from "./look.ts";
import { noteDueIn, wordsOfRecord } from "./passed.ts";
import { prepare } from "./prepare.ts";
import { finish, promote } from "./promote.ts";
import { observe } from "./proof.ts";
import { serve } from "./serve.ts";
import type { Snapshot } from "./snapshot.ts";
import { runSteps } from "./steps.ts";
import { clearStrays } from "./strays.ts";
import { repausedMessage } from "./tendHeld.ts";
import { refuseUnstamped, retryUnread } from "./unstamped.ts";
import { unwind } from "./unwind.ts";

/**
 * What to do about one Deployment, from one look at the world. Pure: the same snapshot gives the same decision, and deciding again after the
 * actions were carried out asks for nothing (design I12). Nothing is remembered between two calls but what is in the snapshot.
 */
export function decide(snapshot: Snapshot): Decision {
  const { plan } = snapshot;
  if (!plan) {
    const wakeAfter = snapshot.leaving ? undefined : strandedFor(snapshot) || retryUnread(snapshot) || noteDueIn(snapshot);
    return { status: undefined, actions: begin(snapshot), ...(wakeAfter ? { wakeAfter } : {}) };
  }
  const draft = new Draft(plan.status ?? firstStatus(plan, snapshot.now), snapshot.now, () => journalRoot(plan));
  draft.status.observedGeneration = plan.metadata.generation ?? 1;
  const policy = plan.spec.policy?.spec;
  if (!isLive(plan) || !policy) return plan.status === undefined ? wordsOfRecord(plan, snapshot, draft) : onlyRecord(plan, draft);
  const look = lookAt(snapshot, plan, policy);
  if (plan.status === undefined) firstWords(look, draft);
  if (isLive({ ...plan, status: draft.status })) move(look, draft);
  conditions(look, draft);
  return draft.decision();
}

function firstWords(look: Look, draft: Draft): void {
  const { spec, snapshot, plan, policy } = look;
  const who = spec.request ? ` for ${spec.request.user} (${spec.request.fieldManager ?? "unknown tool"})` : "";
  const [stable, canary] = [spec.stable.images.join(", "), spec.canary.images.join(", ")];
  if (spec.canary.digest === spec.stable.digest) {
    draft.tell("PlanCreated", `another template was asked for and ${stable} again${who}, before anything had started`);
    return;
  }
  draft.tell("PlanCreated", `${stable} → ${canary}${who} under policy ${spec.policy?.name ?? ""}, ${policy.steps.length} steps`);
  const previous = repeats(snapshot, plan);
  if (!previous) {
    sayIfQuick(look, draft);
    return;
  }
  finish(draft, plan, "Held");
  const message = `the same template failed in plan ${previous.metadata.name} (${previous.status?.reason ?? ""}): held on stable until another template or a retry`;
  draft.tell("Held", message, "Warning");
}

/** Decided once, at the first look, and recorded: what the history says later changes nothing. */
function sayIfQuick({ snapshot, spec, policy }: Look, draft: Draft): void {
  const window = policy.rollbackWindow.revisions;
  const back = revisionsBack(snapshot.history, { digest: spec.canary.digest, present: spec.stable.digest, window });
  if (back === undefined) return;
  const message = `${spec.canary.images.join(", ")} ${servedBefore(back)} (rollbackWindow: ${window}): straight to weight 100, without the ${policy.steps.length} steps and their analysis`;
  draft.tell("WithinRollbackWindow", message);
}

/** A plan that moves nothing any more only loses its finalizer. */
function onlyRecord({ metadata }: CanaryPlan, draft: Draft): Decision {
  draft.do({ kind: "releasePlan", plan: metadata.name });
  return draft.decision();
}

function move(look: Look, draft: Draft): void {
  observe(look, draft);
  repause(look, draft);
  clearAsked(look, draft);
  recordServices(look, draft);
  hearStamps(look, draft);
  refuseUnstamped(look, draft);
  disown(look, draft);
  clearFailure(look, draft);
  clearStrays(look, draft);
  const isThere = look.deployment !== undefined && !look.deployment.deleting;
  const committed = draft.status.phase === "Promoting" && isThere && (look.handedOver || look.inCustody);
  if (committed) {
    promote(look, draft);
    return;
  }
  if (draft.status.outcome === undefined) {
    const ending = endingOf(look);
    if (ending) end(draft, ending);
    else advance(look, draft);
  }
  if (draft.status.outcome === undefined) serve(look, draft);
  // Whatever in between has ended the plan: the weight goes to 0 in this very decision.
  if (draft.status.outcome !== undefined) unwind(look, draft);
}

/** By these the routes are found again, whatever becomes of the Services. */
function recordServices({ snapshot }: Look, draft: Draft): void {
  const names = new Set([...(draft.status.services ?? []), ...snapshot.services.map(({ name }) => name)]);
  draft.status.services = [...names].slice(0, mostServices);
}

function advance(look: Look, draft: Draft): void {
  if (draft.status.phase === "Preparing" && !prepare(look, draft)) return;
  if (draft.status.phase === "Preparing") draft.enter("Progressing");
  const full = fullPromotion(look, draft);
  const quick = full !== undefined || draft.toldOf("WithinRollbackWindow");
  const judged = quick ? "go" : judge(look, draft);
  if (judged !== "go") return;
  if (full && draft.status.phase !== "Promoting")
    draft.tell("PromotedByUser", `promoted in full by ${full.by}: the remaining steps and their analysis are skipped`, "Warning");
  const held = look.spec.control.hold !== undefined && !full;
  if (held && draft.status.phase !== "Promoting") {
    draft.enter("Paused");
    draft.tellOnceInWords("PausedByUser", `held at weight ${draft.status.weight?.desired ?? 0} by ${whoAsked(look.snapshot.stamps.hold)}`);
    return;
  }
  if (draft.status.phase === "Paused") draft.enter("Progressing");
  if (draft.status.phase === "Promoting" || quick || runSteps(look, draft)) {
    if (draft.status.phase !== "Promoting") {
      draft.enter("Promoting");
      draft.tell(
        "Promoting",
        `${draft.status.step?.index ?? 0} of ${look.policy.steps.length} steps done: promoting ${look.spec.canary.images.join(", ")}`,
      );
    }
    promote(look, draft);
  }
}

/** From the first hold to the last un-split the Deployment stays held, whoever unpauses it; pausing comes before everything else. */
function repause(look: Look, draft: Draft): void {
  const { deployment, spec } = look;
  if (!deployment || deployment.paused || deployment.deleting || look.handedOver || deployment.digest === spec.stable.digest) return;
  draft.do({ kind: "pause", resourceVersion: deployment.resourceVersion });
  draft.tell("RepausedDeployment", repausedMessage, "Warning");
}

/** An approval or a marker that has done its work goes, so that it never speaks twice. */
function clearAsked(look: Look, draft: Draft): void {
  const { deployment, snapshot, plan } = look;
  if (!deployment?.asked) return;
  const index = draft.status.step?.index ?? 0;
  const waits = snapshot.approval?.plan === plan.metadata.name && snapshot.approval.step === index && draft.status.phase === "Paused";
  if (!waits) draft.do({ kind: "clearAsked", resourceVersion: deployment.resourceVersion });
}

/** After a crash between a write and the one that gives the fields back (design I13). */
function disown({ deployment, snapshot }: Look, draft: Draft): void {
  if (deployment?.marked) draft.do({ kind: "disown", object: "deployment" });
  for (const route of snapshot.markedRoutes) draft.do({ kind: "disown", object: route });
}

/** The failure of an earlier plan that still stands is not this one's. */
function clearFailure({ deployment }: Look, draft: Draft): void {
  if (deployment?.paused && deployment.failureShown && draft.status.outcome === undefined) draft.do({ kind: "clearFailure" });
}

function conditions(look: Look, draft: Draft): void {
  const { phase } = draft.status;
  const generation = look.plan.metadata.generation;
  const over = !isLive({ ...look.plan, status: draft.status });
  draft.condition("Progressing", over || phase === "Paused" ? "False" : "True", generation);
  draft.condition("Paused", phase === "Paused" ? "True" : "False", generation);
  draft.condition("Promoted", phase === "Promoted" ? "True" : over ? "False" : "Unknown", generation);
  draft.condition("RolledBack", phase === "RolledBack" || phase === "Held" ? "True" : over ? "False" : "Unknown", generation);
}
