import type { Intent } from "../../api/intent.ts";
import { annotations } from "../../api/names.ts";
import type { Request } from "../../api/plan.ts";
import type { AdmissionCase } from "./admissionCase.ts";
import { requestOf } from "./deploymentReview.ts";
import type { WantedMarks } from "./jsonPatch.ts";
import { annotationText, sealIntent } from "./seal.ts";

/** kube-apiserver's own limit for all annotations of one object. */
const annotationLimit = 256 * 1024;
/** kube-apiserver gives up on a write after 60 s, so an older intent is not from this admission but a copy that somebody kept. */
const longestAdmissionMs = 60_000;

export interface Hold {
  /** `templateDigest` of what serves. */
  stable: string;
  policy: string;
  restore?: string | undefined;
  overwritten?: readonly Request[] | undefined;
}

/** The marks of a Deployment that waits for the worker: paused, with the signed request. */
export function holdMarks(c: AdmissionCase, hold: Hold): { marks: WantedMarks; intent: Intent } {
  const intent = intentFor(c, hold);
  return {
    intent,
    marks: {
      paused: true,
      annotations: {
        [annotations.intent]: annotationText(intent),
        [annotations.unpauseAsked]: undefined,
        [annotations.beforePause]: undefined,
        [annotations.passage]: undefined,
        [annotations.admitted]: undefined,
        [annotations.carried]: undefined,
      },
    },
  };
}

function intentFor(c: AdmissionCase, { stable, policy, restore, overwritten }: Hold): Intent {
  const least = {
    v: 1 as const,
    uid: c.oldObject.metadata.uid ?? "",
    stable,
    canary: c.digests.asked,
    policy,
    request: ownRequest(c, stable) ?? requestOf(c.asking, c.world.now),
  };
  const content = overwritten && overwritten.length > 0 ? { ...least, overwritten: overwritten.slice(-10) } : least;
  const full = restore === undefined ? content : { ...content, restore };
  return sealIntent([full, content].find((each) => fits(c, each)) ?? least, c.world.keys);
}

/**
 * The request in the intent that this same admission wrote when it was asked before: kube-apiserver asks again when another webhook changed the
 * object, with a new request uid. Its request stays, so the answer is the same. A copy that somebody kept is no request: it is too old, or has
 * had its plan.
 */
export function ownRequest({ carried, heldBy, asking, world }: AdmissionCase, stable: string): Request | undefined {
  if (!carried || carried.stable !== stable || carried.mac === heldBy?.mac) return undefined;
  const { request } = carried;
  const isPlanned = world.plansOf(carried.uid).some((plan) => plan.requestUid === request.uid);
  return isOfAdmission(request, { asking, world }) && !isPlanned ? request : undefined;
}

/** Whether it may be the request that is being admitted, by who asked and when. */
export function isOfAdmission(request: Request, { asking, world }: Pick<AdmissionCase, "asking" | "world">): boolean {
  const age = Date.parse(world.now) - Date.parse(request.at);
  return request.user === requestOf(asking, world.now).user && Math.abs(age) <= longestAdmissionMs;
}

/** The user's own annotations come first: what a revert needs is left out when both don't fit, then who was overwritten. */
export function fits({ object }: AdmissionCase, content: object, name: string = annotations.intent): boolean {
  const present = Object.entries(object.metadata.annotations ?? {}).filter(([key]) => key !== name);
  const used = present.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  return used + JSON.stringify(content).length + 1024 <= annotationLimit;
}
