import { createHash } from "node:crypto";
import { hashOf } from "./template.ts";

/** The value of a label that names a Deployment. Several may have the same: a name may be longer than a value, which ends with a letter or a digit. */
export const labelOf = (deployment: string): string => cutName(deployment, longest);

/** So many characters of a name that it still ends as a name may: with a letter or a digit. */
export const cutName = (name: string, length: number): string => name.slice(0, length).replace(/[^a-z0-9]+$/, "");

/** A plan's name is also a label value: at most 63 characters. */
const longest = 63;
const suffixLength = 5;

/**
 * `<deployment>-<5 characters>`, always the same for one admission request: the webhook names the plan in its answer before the worker makes
 * it, and a worker that crashed after making it finds it again. The full Deployment name is in the hash, so cut names don't collide.
 */
export function planName(deployment: string, requestUid: string): string {
  const digest = createHash("sha256").update(`${deployment}\n${requestUid}`).digest("hex");
  return `${cutName(deployment, longest - suffixLength - 1)}-${hashOf(digest).slice(0, suffixLength)}`;
}

/**
 * The record of a change that came without a canary: webhook and worker name it alike, so that kube-apiserver's log, where the webhook names it, tells
 * who made the change. Each write of a Deployment's spec or annotations adds 1 to its generation (kubernetes:pkg/registry/apps/deployment/strategy.go).
 * @param generation of the Deployment with the change
 */
export const bypassName = (deployment: string, uid: string, generation: number): string => planName(deployment, `${uid}/${generation}`);
