import { annotations } from "../../api/names.ts";
import { type AdmissionCase, annotationOf } from "./admissionCase.ts";
import { type ImagesByContainer, imagesByContainer } from "./images.ts";
import { packRestore } from "./restore.ts";
import { openBeforePause } from "./seal.ts";

/** What serves while nobody holds the Deployment: the template that a change is compared with. */
export interface Live {
  digest(): string;
  images: ImagesByContainer;
  /** Asked for once at the most, and only when something is held: packing costs more than all the rest of a review. */
  restore(): string | undefined;
  /** The template that is asked for is this one. */
  isAsked: boolean;
  /** It is not the stored template: the user paused the Deployment himself and edited it since. */
  remembered: boolean;
}

/** The stored template, or, under the user's own pause, the one that was remembered at his first edit. */
export function liveTemplate(c: AdmissionCase): Live {
  const { oldObject, world } = c;
  const text = oldObject.spec.paused === true ? annotationOf(oldObject, annotations.beforePause) : undefined;
  const before = openBeforePause(text, oldObject.metadata.uid, world.keys);
  if (before) {
    return {
      digest: () => before.stable,
      images: new Map(Object.entries(before.images)),
      restore: () => before.restore,
      isAsked: c.digests.asked === before.stable,
      remembered: true,
    };
  }
  return {
    digest: () => c.digests.old,
    images: imagesByContainer(oldObject.spec.template),
    restore: () => packRestore(oldObject),
    isAsked: c.isSameTemplate,
    remembered: false,
  };
}
