import type { Intent } from "../../api/intent.ts";
import type { Request } from "../../api/plan.ts";

/**
 * What a plan is named for. A template that came past the webhook while the Deployment was held (the MutatingAdmissionPolicy kept the hold and the
 * old intent) is a request too: of nobody we know, but never a Deployment that stays held with nobody to move it.
 */
export const requestUid = (intent: Intent, digest: string): string =>
  intent.canary === digest ? intent.request.uid : `${intent.request.uid}/${digest.slice(0, 12)}`;

/** The request as the plan records it. */
export function requestOf(intent: Intent, digest: string, now: number): Request {
  if (intent.canary === digest) return intent.request;
  return {
    uid: requestUid(intent, digest),
    user: "unknown: the webhook was not asked",
    groups: [],
    operation: "UPDATE",
    at: new Date(now).toISOString(),
  };
}
