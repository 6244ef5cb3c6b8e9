import { parseDuration } from "../../api/duration.ts";
import { judgeShift } from "../traffic/proof.ts";
import type { Draft } from "./draft.ts";
import { end, failed } from "./endings.ts";
import type { Look } from "./look.ts";
import { wayOf } from "./routes.ts";

/** How long proof may prolong a wait before something is removed (design §6). */
export const proofLimitMs = 30_000;
/** The worker that is being uninstalled has 60 s in all: what every proxy has surely heard of must do. */
const leavingProofLimitMs = 10_000;

const limitOf = ({ snapshot }: Look): number => (snapshot.leaving ? leavingProofLimitMs : proofLimitMs);

const epoch = "1970-01-01T00:00:00Z";

/** Writes what was counted into the status. `observed` never comes from what was written, only from requests. */
export function observe(look: Look, draft: Draft): void {
  const weight = draft.status.weight;
  if (!weight) return;
  if (wayOf(look) === "podCount") {
    const total = look.canaryPods.length + look.stablePods.length;
    if (total > 0) draft.status.weight = { ...weight, observed: Math.round((100 * look.canaryPods.length) / total) };
    return;
  }
  const { shift, trafficChangedAt } = look.snapshot;
  // What was counted under the weight before says nothing about this one: a new desired weight starts without an observed one.
  if (shift === undefined || shift.total === 0 || trafficChangedAt < Date.parse(weight.changedAt ?? epoch)) return;
  draft.status.weight = { ...weight, observed: Math.round((100 * shift.canary) / shift.total), requests: Math.round(shift.total) };
}

/**
 * While requests flow, a weight rises further only when the requests counted by revision say that the last one was reached.
 * When they never do, the plan ends: something routes past the split.
 */
export function proofOf(look: Look, draft: Draft, weight: number): boolean {
  const { shift } = look.snapshot;
  if (wayOf(look) === "podCount") return true;
  if (shift === undefined || shift.total === 0) return notYetCounted(look, draft, `weight ${weight}`);
  const judged = judgeShift({ wantedWeight: weight, canaryRequests: shift.canary, stableRequests: shift.stable });
  if (judged.reached !== "no") return true;
  const waited = draft.stage("proof");
  const limit = parseDuration(look.policy.canary.progressDeadline);
  if (waited > limit) {
    end(draft, {
      outcome: failed(look.policy.onFailure),
      reason: "TrafficNotShifted",
      message: `${judged.message}; so for ${Math.round(waited / 1_000)} s`,
    });
    return false;
  }
  draft.say("WaitingForProof", judged.message);
  draft.wake(1_000);
  return false;
}

/** Before something is removed: 0 for the canary (or 100) proven by counting, or 30 s without proof, or nobody to count. */
export function provenEmpty(look: Look, draft: Draft, weight: 0 | 100): boolean {
  const { shift } = look.snapshot;
  if (shift === undefined || shift.total === 0) return notYetCounted(look, draft, `weight ${weight}`);
  const judged = judgeShift({ wantedWeight: weight, canaryRequests: shift.canary, stableRequests: shift.stable });
  if (judged.reached !== "no") return true;
  const limit = limitOf(look);
  if (draft.stage(`proof-${weight}`) > limit) return true;
  draft.say("WaitingForProof", `${judged.message}; waiting for proof, at most ${limit / 1_000} s`);
  draft.wake(500);
  return false;
}

/** Requests flow, but none of them was counted after the change yet: two scrapes are needed. Nobody to count, nothing to wait for. */
function notYetCounted(look: Look, draft: Draft, what: string): boolean {
  const limit = limitOf(look);
  if (!look.snapshot.flowing || draft.stage("count") > limit) return true;
  draft.say("WaitingForProof", `${what}: counting the requests since the last change, at most ${limit / 1_000} s`);
  draft.wake(500);
  return false;
}
