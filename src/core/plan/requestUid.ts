import type { Intent } from "../../api/intent.ts";
import type { CanaryPlan, Request } from "../../api/plan.ts";
import type { Who } from "../admission/stamp.ts";
import type { Snapshot } from "./snapshot.ts";

/**
 * What a plan is named for. A template that came past the webhook while the Deployment was held (the MutatingAdmissionPolicy kept the hold and the
 * old intent) is a request too: of nobody we know, but never a Deployment that stays held with nobody to move it.
 */
export const requestUid = (intent: Intent, digest: string): string =>
  intent.canary === digest ? intent.request.uid : `${intent.request.uid}/${digest.slice(0, 12)}`;

/** The request as the plan records it. */
export function requestOf(intent: Intent, digest: string, now: number): Request {
  if (intent.canary === digest) return intent.request;
  return ofNobody(requestUid(intent, digest), now);
}

/** One that nobody could sign. */
const ofNobody = (uid: string, now: number): Request => ({
  uid,
  user: "unknown: the webhook was not asked",
  groups: [],
  operation: "UPDATE",
  at: new Date(now).toISOString(),
});

/**
 * Requests that were overwritten before they had a plan, oldest first, ten at most. The webhook may not have known yet that one of them had just got
 * its plan; and one whose template was replaced past the webhook is overwritten too.
 */
export function unrecorded({ intent, deployment, plannedRequests }: Snapshot): Request[] {
  if (!intent || !deployment) return [];
  const before = [...(intent.overwritten ?? []), ...(intent.canary === deployment.digest ? [] : [intent.request])];
  return before.filter(({ uid }) => !plannedRequests.has(uid)).slice(-10);
}

/** What a person asked for in a plan that was Held: the same template once more. It is a request of its own, and gets a plan of its own. */
export function retryOf({ spec }: CanaryPlan, { by, at }: Who): Request {
  const uid = `${first(spec.request?.uid ?? "")}/r${Date.parse(at).toString(36)}`;
  return { uid, user: by, groups: [], fieldManager: "control.retry", operation: "UPDATE", at };
}

/** The same template again, of nobody we know. Its plan answers the intent as a retry's does. */
export const strandedRequest = (intent: Intent, now: number): Request => ofNobody(`${first(intent.request.uid)}/r${now.toString(36)}`, now);

/** A digest is hexadecimal, so it never begins like a retry. */
export const isRetry = (uid: string | undefined): boolean => /\/r[0-9a-z]+$/.test(uid ?? "");

/** Whether a plan for the request `uid` is the one for what the Deployment asks: its own, or a retry of it. */
export const answers = (uid: string | undefined, asked: string): boolean =>
  uid === asked || (uid !== undefined && isRetry(uid) && first(uid) === first(asked));

const first = (uid: string): string | undefined => uid.split("/", 1)[0];

/** Who asked for what the Deployment asks for now, by the signed request; nothing when that came past the webhook. */
export function byWhom({ intent, deployment }: Snapshot): string {
  if (!intent || intent.canary !== deployment?.digest) return "";
  return ` by ${intent.request.user} (${intent.request.fieldManager ?? "unknown tool"})`;
}
