import { systemNamespaces } from "../../api/names.ts";
import type { CanaryPolicy } from "../../api/policy.ts";
import { type ImageChange, type ImagesByContainer, matchesImage, spellingsOf } from "./images.ts";
import { selectorMismatch } from "./labelSelector.ts";
import { byPrecedence } from "./precedence.ts";

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

/** Why Serin does nothing in this namespace, whatever a policy says; undefined where it may. */
export const whySystem = (namespace: string, ownNamespace: string): string | undefined =>
  isSystemNamespace(namespace, ownNamespace) ? `${namespace} is a system namespace, which Serin never touches` : undefined;

/** The policy that applies. It runs on each review of a changed template, so it makes no list and no text. */
export function policyFor(target: PolicyTarget, policies: readonly CanaryPolicy[], ownNamespace: string): CanaryPolicy | undefined {
  const spellings = rememberedSpellings();
  let found: CanaryPolicy | undefined;
  for (const policy of policies) {
    if (found && byPrecedence(policy, found) > 0) continue;
    if ((whyNotSelected(policy, target, ownNamespace) ?? whyNoImage(policy, target, spellings)) === undefined) found = policy;
  }
  return found;
}

/** The same, and why the others don't apply. */
export function explainPolicyFor(target: PolicyTarget, policies: readonly CanaryPolicy[], ownNamespace: string): PolicyMatch {
  const policy = policyFor(target, policies, ownNamespace);
  const others = [...policies].sort(byPrecedence).flatMap((candidate) => {
    if (candidate === policy) return [];
    const why = whyNotSelected(candidate, target, ownNamespace) ?? whyNoImage(candidate, target)?.() ?? whyLater(candidate, policy);
    return [{ name: candidate.metadata.name, why }];
  });
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

/** It would apply, but another one does. */
const whyLater = (policy: CanaryPolicy, chosen: CanaryPolicy | undefined): string =>
  `policy ${chosen?.metadata.name} goes first (priority ${chosen?.spec.priority} against ${policy.spec.priority})`;

function whyNotSelected(policy: CanaryPolicy, target: Omit<PolicyTarget, "changes" | "images">, ownNamespace: string): string | undefined {
  const system = whySystem(target.namespace, ownNamespace);
  if (system !== undefined) return system;
  if (policy.metadata.deletionTimestamp !== undefined) return "the policy is being deleted";
  if (policy.spec.suspend) return "the policy is suspended";
  const namespace = selectorMismatch(policy.spec.match.namespaceSelector, target.namespaceLabels);
  if (namespace !== undefined) return `namespaceSelector: ${namespace}`;
  const deployment = selectorMismatch(policy.spec.match.deploymentSelector, target.deploymentLabels);
  if (deployment !== undefined) return `deploymentSelector: ${deployment}`;
  return undefined;
}

/** In words when they are asked for. */
function whyNoImage(policy: CanaryPolicy, target: PolicyTarget, spellings = spellingsOf): (() => string) | undefined {
  const globs = policy.spec.match.images;
  const matches = (image: string | undefined) => image !== undefined && matchesImage(globs, image, spellings);
  if (policy.spec.trigger === "Template") {
    const any = [...target.images.values()].some(matches) || target.changes.some((change) => matches(change.from));
    return any ? undefined : () => `no image of the template matches ${globs.join(", ")}`;
  }
  if (target.changes.length === 0) return () => "no image changes, and its trigger is Image";
  if (target.changes.some((change) => matches(change.from) || matches(change.to))) return undefined;
  return () => {
    const changed = target.changes.map((change) => change.to || change.from || "").join(", ");
    return `the changed images (${changed}) don't match ${globs.join(", ")}`;
  };
}

/** For many policies that ask about the same images. */
function rememberedSpellings(): (image: string) => string[] {
  const known = new Map<string, string[]>();
  return (image) => {
    const present = known.get(image);
    if (present) return present;
    const spellings = spellingsOf(image);
    known.set(image, spellings);
    return spellings;
  };
}
