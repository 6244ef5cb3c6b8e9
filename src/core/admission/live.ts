import { annotations } from "../../api/names.ts";
import { type AdmissionCase, annotationOf } from "./admissionCase.ts";
import { type ImagesByContainer, imagesByContainer } from "./images.ts";
import { packRestore } from "./restore.ts";
import { openBeforePause } from "./seal.ts";

/** What serves while nobody holds the Deployment: the template that a change is compared with. */
export interface Live {
  digest: string;
  images: ImagesByContainer;
  restore: string | undefined;
  /** It is not the stored template: the user paused the Deployment himself and edited it since. */
  remembered: boolean;
}

/** The stored template, or, under the user's own pause, the one that was remembered at his first edit. */
export function liveTemplate({ oldObject, oldDigest, world }: AdmissionCase): Live {
  const uid = oldObject.metadata.uid;
  const text = oldObject.spec.paused === true ? annotationOf(oldObject, annotations.beforePause) : undefined;
  const before = openBeforePause(text, uid, world.keys);
  if (before) return { digest: before.stable, images: new Map(Object.entries(before.images)), restore: before.restore, remembered: true };
  return { digest: oldDigest, images: imagesByContainer(oldObject.spec.template), restore: packRestore(oldObject), remembered: false };
}
