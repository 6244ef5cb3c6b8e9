import { type Intent, parseIntent } from "../../api/intent.ts";
import { annotations } from "../../api/names.ts";
import { sameTemplate, templateDigest } from "../../api/template.ts";
import { answers } from "../plan/requestUid.ts";
import type { Asking, DeploymentReview, ReviewedDeployment } from "./deploymentReview.ts";
import { holdingPlan } from "./plansOfDeployment.ts";
import { openIntent } from "./seal.ts";
import type { World } from "./world.ts";

/**
 * One Deployment write, with all that every check looks at. What may not be wrong (is it held, against which stable) comes from `oldObject`,
 * which is the stored object; the caches of `world` may be seconds behind and only add to it.
 */
export interface AdmissionCase {
  asking: Asking;
  object: ReviewedDeployment;
  oldObject: ReviewedDeployment;
  world: World;
  /** The intent that holds the stored object; undefined when it is not held by us. */
  heldBy: Intent | undefined;
  /** A genuine intent for this Deployment in the new object, which may be what this very admission wrote a moment ago. */
  carried: Intent | undefined;
  /** Whether the writer wants it paused. The stored object may end up paused all the same, see `isMarkedNow`. */
  paused: boolean;
  /** The stored template is asked for again. */
  isSameTemplate: boolean;
  digests: Digests;
}

/**
 * Digests of the two templates, each made when it is first asked for: most changes are for no policy, and need neither.
 * A class: an object literal with getters gets a hidden class of its own from V8, which keeps all that they refer to until the next full collection.
 */
class Digests {
  readonly #review: DeploymentReview;
  #old: string | undefined;
  #asked: string | undefined;

  constructor(review: DeploymentReview) {
    this.#review = review;
  }
  /** Of the stored template. */
  get old(): string {
    this.#old ??= templateDigest(this.#review.oldObject.spec.template);
    return this.#old;
  }
  /** Of the template that is asked for. */
  get asked(): string {
    this.#asked ??= templateDigest(this.#review.object.spec.template);
    return this.#asked;
  }
}

export function admissionCase(review: DeploymentReview, world: World): AdmissionCase {
  const { asking, object, oldObject } = review;
  const uid = oldObject.metadata.uid;
  return {
    asking,
    object,
    oldObject,
    world,
    heldBy: oldObject.spec.paused === true ? storedIntent(oldObject, world) : undefined,
    carried: openIntent(annotationOf(object, annotations.intent), uid, world.keys),
    paused: object.spec.paused === true && !isMarkedNow(object, oldObject),
    isSameTemplate: sameTemplate(oldObject.spec.template, object.spec.template),
    digests: new Digests(review),
  };
}

/**
 * The intent of the stored object is believed when we signed it, or when the worker has made a plan of it: somebody may have thrown the signing
 * key away while the plan lives.
 */
function storedIntent(oldObject: ReviewedDeployment, world: World): Intent | undefined {
  const text = annotationOf(oldObject, annotations.intent);
  const uid = oldObject.metadata.uid;
  const genuine = openIntent(text, uid, world.keys);
  if (genuine) return genuine;
  const parsed = parseIntent(text);
  if (!parsed || parsed.uid !== uid) return undefined;
  const plan = holdingPlan(world.plansOf(parsed.uid));
  return answers(plan?.requestUid, parsed.request.uid) ? parsed : undefined;
}

/**
 * The MutatingAdmissionPolicy runs before the webhook: when somebody clears `paused` on a held Deployment, it puts it back and leaves this marker
 * (design §3 fact 13). A marker that was there before is one that a webhook was not there to take away.
 */
function isMarkedNow(object: ReviewedDeployment, oldObject: ReviewedDeployment): boolean {
  const marker = annotationOf(object, annotations.unpauseAsked);
  return marker !== undefined && marker !== annotationOf(oldObject, annotations.unpauseAsked);
}

/** Keys of annotations are the user's, so only own members count. */
export function annotationOf(object: ReviewedDeployment, key: string): string | undefined {
  const present = object.metadata.annotations;
  return present && Object.hasOwn(present, key) ? present[key] : undefined;
}
