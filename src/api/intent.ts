import { z } from "zod";
import { parseAnnotation } from "./annotation.ts";
import { request } from "./plan.ts";

/**
 * The annotation on a held Deployment: who asked for what. The webhook writes it, in the same write as the user's change; the worker makes
 * the plan from it. It is authenticated (HMAC-SHA-256, see `core/admission/seal.ts`), so a forged one starts nothing.
 */
export const intent = z.strictObject({
  /** Format of this annotation. */
  v: z.literal(1),
  /** uid of the Deployment: an exported manifest applied elsewhere carries a dead intent. */
  uid: z.string(),
  /** `templateDigest` of what serves, and of what is asked for. Equal when the change was taken back. */
  stable: z.string(),
  canary: z.string(),
  policy: z.string(),
  request,
  /** Requests that were overwritten before the worker saw them, oldest first, at most ten. */
  overwritten: z.array(request).max(10).optional(),
  /** Ownership of the template's fields and last-applied-configuration before the change: gzip, base64 of `Restore`. */
  restore: z.string().optional(),
  /** Which key signed, and the HMAC over everything else in canonical JSON. */
  key: z.string(),
  mac: z.string(),
});
export type Intent = z.infer<typeof intent>;

/** What the webhook saw on the Deployment before the change, for giving fields back at a revert (design §3 fact 12). */
export interface Restore {
  managedFields?: ManagedFieldsEntry[];
  lastApplied?: string;
}

export interface ManagedFieldsEntry {
  manager?: string;
  operation?: string;
  apiVersion?: string;
  time?: string;
  fieldsType?: string;
  fieldsV1?: Record<string, unknown>;
  subresource?: string;
}

/** Parses the annotation. Undefined when it is not one of ours. */
export const parseIntent = (text: string | undefined): Intent | undefined => parseAnnotation(intent, text);

/** `kubectl rollout resume` at a gate: approves one step of one plan, signed by the webhook. */
export const approval = z.strictObject({
  v: z.literal(1),
  plan: z.string(),
  step: z.int(),
  by: z.string(),
  at: z.string(),
  key: z.string(),
  mac: z.string(),
});
export type Approval = z.infer<typeof approval>;
