import type { CanaryPolicy } from "../api/policy.ts";
import { policyConditions } from "../core/analysis/policyConditions.ts";
import type { Told } from "../core/notify/notified.ts";
import { sameJson } from "../core/traffic/sameJson.ts";
import { resources } from "../kube/resources.ts";
import type { Hands } from "./act/act.ts";

/** Policies share the queue with Deployments, whose keys are `<namespace>/<name>`: no namespace has this name. */
const prefix = "policy:/";
export const policyKey = ({ metadata }: Pick<CanaryPolicy, "metadata">): string => `${prefix}${metadata.name}`;
export const policyOfKey = (key: string): string | undefined => (key.startsWith(prefix) ? key.slice(prefix.length) : undefined);

/** Writes what Serin thinks of a policy into its status, if that is not what stands there. */
export async function writePolicyStatus(
  name: string,
  { client, caches, now }: Pick<Hands, "client" | "caches" | "now">,
  told?: Told,
): Promise<void> {
  const policy = caches.policies.get(name);
  if (!policy || policy.metadata.deletionTimestamp || !caches.policies.caughtUp(name)) return;
  const status = policyConditions(policy, new Date(now()).toISOString(), (template) => caches.templates.get(template), told);
  if (sameJson(policy.status, status)) return;
  const body = { metadata: { resourceVersion: policy.metadata.resourceVersion }, status };
  const written = await client.patch<CanaryPolicy>(
    resources.canarypolicies,
    name,
    undefined,
    { type: "merge", body },
    { fieldManager: "serin", subresource: "status" },
  );
  caches.policies.noteWritten(name, written.metadata.resourceVersion ?? "0");
}
