import { z } from "zod";
import { parseAnnotation } from "./annotation.ts";

/**
 * The annotation on a Deployment that its user paused and then edited. Nothing starts while the pause is his; when he resumes, the template is
 * compared with the one that was live when he paused, and nobody else remembers that one. Written and removed by the webhook, signed by it.
 */
export const beforePause = z.strictObject({
  v: z.literal(1),
  /** uid of the Deployment. */
  uid: z.string(),
  /** `templateDigest` of the template before his first edit. */
  stable: z.string(),
  /** Image of each container of that template, by the container's name. */
  images: z.record(z.string(), z.string()),
  /** As in the intent: what a revert needs. */
  restore: z.string().optional(),
  key: z.string(),
  mac: z.string(),
});
export type BeforePause = z.infer<typeof beforePause>;

/** Parses the annotation. Undefined when it is not one of ours. */
export const parseBeforePause = (text: string | undefined): BeforePause | undefined => parseAnnotation(beforePause, text);
