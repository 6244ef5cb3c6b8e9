import { systemNamespaces } from "../../api/names.ts";
import type { CanaryPolicy } from "../../api/policy.ts";
import { type ImageChange, type ImagesByContainer, matchesImage } from "./images.ts";
import { selectorMismatch } from "./labelSelector.ts";

/** Which policy applies to a change of a Deployment, and for each that doesn't, why. */

export interface PolicyTarget {
  namespace: string;
  namespaceLabels: Record<string, string>;
  deploymentLabels: Record<string, string>;
  /** The images that change, container by container. */
  changes: readonly ImageChange[];
  /** All images of the template that is asked for; what `trigger: Template` is matched against. */
  images: ImagesByContainer;
}

export interface PolicyMatch {
  policy?: CanaryPolicy;
  /** One line for each policy that doesn't apply, in the order in which they were tried. */
  others: Array<{ name: string; why: string }>;
}

export const isSystemNamespace = (namespace: string, ownNamespace: string): boolean =>
  namespace === ownNamespace || (systemNamespaces as readonly string[]).includes(namespace);

export function policyFor(target: PolicyTarget, policies: readonly CanaryPolicy[], ownNamespace: string): PolicyMatch {
  const others: PolicyMatch["others"] = [];
  let policy: CanaryPolicy | undefined;
  for (const candidate of [...policies].sort(byPrecedence)) {
    const why = whyNot(candidate, target, ownNamespace, policy);
    if (why === undefined) policy = candidate;
    else others.push({ name: candidate.metadata.name, why });
  }
  return policy ? { policy, others } : { others };
}

/** Whether some policy could apply to this Deployment, whichever image changes. */
export function policySelecting(
  target: Omit<PolicyTarget, "changes" | "images">,
  policies: readonly CanaryPolicy[],
  ownNamespace: string,
): CanaryPolicy | undefined {
  return [...policies].sort(byPrecedence).find((policy) => whyNotSelected(policy, target, ownNamespace) === undefined);
}

/** The highest priority first, then the name in byte order. */
function byPrecedence(a: CanaryPolicy, b: CanaryPolicy): number {
  return b.spec.priority - a.spec.priority || Buffer.compare(Buffer.from(a.metadata.name), Buffer.from(b.metadata.name));
}

function whyNot(policy: CanaryPolicy, target: PolicyTarget, ownNamespace: string, chosen: CanaryPolicy | undefined): string | undefined {
  return (
    whyNotSelected(policy, target, ownNamespace) ??
    whyNoImage(policy, target) ??
    (chosen && `policy ${chosen.metadata.name} goes first (priority ${chosen.spec.priority} against ${policy.spec.priority})`)
  );
}

function whyNotSelected(policy: CanaryPolicy, target: Omit<PolicyTarget, "changes" | "images">, ownNamespace: string): string | undefined {
  if (isSystemNamespace(target.namespace, ownNamespace)) return `${target.namespace} is a system namespace, which Serin never touches`;
  if (policy.metadata.deletionTimestamp !== undefined) return "the policy is being deleted";
  if (policy.spec.suspend) return "the policy is suspended";
  const namespace = selectorMismatch(policy.spec.match.namespaceSelector, target.namespaceLabels);
  if (namespace !== undefined) return `namespaceSelector: ${namespace}`;
  const deployment = selectorMismatch(policy.spec.match.deploymentSelector, target.deploymentLabels);
  if (deployment !== undefined) return `deploymentSelector: ${deployment}`;
  return undefined;
}

function whyNoImage(policy: CanaryPolicy, target: PolicyTarget): string | undefined {
  const globs = policy.spec.match.images;
  const matches = (image: string | undefined) => image !== undefined && globs.some((glob) => matchesImage(glob, image));
  if (policy.spec.trigger === "Template") {
    const any = [...target.images.values()].some(matches) || target.changes.some((change) => matches(change.from));
    return any ? undefined : `no image of the template matches ${globs.join(", ")}`;
  }
  if (target.changes.length === 0) return "no image changes, and its trigger is Image";
  if (target.changes.some((change) => matches(change.from) || matches(change.to))) return undefined;
  const changed = target.changes.map((change) => change.to || change.from || "").join(", ");
  return `the changed images (${changed}) don't match ${globs.join(", ")}`;
}
