import { createHash } from "node:crypto";
import { hashOf } from "./template.ts";

/** A plan's name is also a label value: at most 63 characters. */
const longest = 63;
const suffixLength = 5;

/**
 * `<deployment>-<5 characters>`, always the same for one admission request: the webhook names the plan in its answer before the worker makes
 * it, and a worker that crashed after making it finds it again. The full Deployment name is in the hash, so cut names don't collide.
 */
export function planName(deployment: string, requestUid: string): string {
  const digest = createHash("sha256").update(`${deployment}\n${requestUid}`).digest("hex");
  const stem = deployment.slice(0, longest - suffixLength - 1).replace(/[^a-z0-9]+$/, "");
  return `${stem}-${hashOf(digest).slice(0, suffixLength)}`;
}
