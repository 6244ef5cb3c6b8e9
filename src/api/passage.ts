import { z } from "zod";
import { parseAnnotation } from "./annotation.ts";
import { request } from "./plan.ts";

/**
 * The annotation on a Deployment whose change was let through without a canary: who asked for it, and why there is none. Written by the webhook, signed by
 * it, in the same write as the change; the worker puts it on record and takes it away.
 */
export const passage = z.strictObject({
  v: z.literal(1),
  /** uid of the Deployment. */
  uid: z.string(),
  /** Of the Deployment with the change: what is copied to a later one says nothing of that. */
  generation: z.int(),
  /** `templateDigest` of what was asked for. */
  digest: z.string(),
  /** In the webhook's words. */
  reason: z.string(),
  message: z.string(),
  request,
  key: z.string(),
  mac: z.string(),
});
export type Passage = z.infer<typeof passage>;

/** Parses the annotation. Undefined when it is not one of ours. */
export const parsePassage = (text: string | undefined): Passage | undefined => parseAnnotation(passage, text);
