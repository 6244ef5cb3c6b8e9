import { z } from "zod";
import { parseAnnotation } from "./annotation.ts";
import { request } from "./plan.ts";

const template = z.strictObject({
  /** `templateDigest` of it. */
  digest: z.string(),
  images: z.array(z.string()),
});

/**
 * The annotation on a Deployment whose change was let through without a canary: who asked for it, and why there is none. Written by the webhook, signed by
 * it, in the same write as the change; the worker puts it on record and takes it away. It tells all that the record needs, for a worker that was not there.
 */
export const passage = z.strictObject({
  v: z.literal(1),
  /** uid of the Deployment. */
  uid: z.string(),
  /** Of the Deployment with the change: what is copied to a later one says nothing of that. */
  generation: z.int(),
  /** The policy that the change was for. */
  policy: z.strictObject({ name: z.string(), uid: z.string(), generation: z.int() }),
  /** What was stored before. */
  before: template,
  /** What was asked for. */
  asked: template,
  /** In the webhook's words. */
  reason: z.string(),
  message: z.string(),
  request,
  /** Of changes that were let through before this one and that no worker has put on record, oldest first. */
  overwritten: z.array(request).max(10).optional(),
  key: z.string(),
  mac: z.string(),
});
export type Passage = z.infer<typeof passage>;

/** Parses the annotation. Undefined when it is not one of ours. */
export const parsePassage = (text: string | undefined): Passage | undefined => parseAnnotation(passage, text);
