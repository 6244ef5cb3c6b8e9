import { annotations } from "../../api/names.ts";
import type { SidecarPolicy } from "../../api/sidecarPolicy.ts";
import { selectorMismatch } from "../admission/labelSelector.ts";
import { byPrecedence } from "../admission/precedence.ts";
import { applied } from "./applied.ts";
import { containerPart } from "./containerPart.ts";
import { type Asked, blocked, type Claim, type Demand, type Findings, type Fix, type Lack } from "./demand.ts";
import { envPart } from "./envPart.ts";
import { claimsOf, istioPart } from "./istioPart.ts";
import { own, type PodCase, whyExempt } from "./pod.ts";

/**
 * What each policy that is for this pod asks of it, and what the pod lacks, in the order in which the policies go. Pure: the webhook asks it
 * about a pod that is being made and carries the fixes out; the worker's status and `kubectl serin sidecars` ask it about pods that are.
 *
 * At admission each policy finds the pod as those before it leave it, so that two policies that ask for the same thing ask once.
 */
export function demandsOn(c: PodCase, policies: readonly SidecarPolicy[], ownNamespace: string): Demand[] {
  if (policies.length === 0 || whyExempt(c, ownNamespace) !== undefined) return [];
  const matching = [...policies].sort(byPrecedence).filter((policy) => whyNotFor(policy, c) === undefined);
  const added = namesIn(matching);
  const claims = new Map<string, Claim>();
  let present = c;
  return matching.map((policy) => {
    const asked: Asked = { c: present, policy, claims, added };
    const demand = demandOf(asked);
    if (isEnforced(policy, c)) claim(asked, claims);
    if (c.stage === "Admission") present = { ...present, pod: applied(present.pod, fixesOf([demand]), added) };
    return demand;
  });
}

/** Rounds after which asking again is left to the next admission. Two have been enough for every generated pod. */
const mostRounds = 4;

/**
 * What is to be done to a pod that is being made. What one policy adds can free the way for another that goes before it (a team's refusal that only
 * one of them obeys), so it is asked again until nothing more comes: then the next admission has nothing to add either.
 */
export function equipment(c: PodCase, policies: readonly SidecarPolicy[], ownNamespace: string): { demands: Demand[]; fixes: Fix[] } {
  const demands = demandsOn(c, policies, ownNamespace);
  let fixes = fixesOf(demands);
  const added = addedNames(demands);
  for (let round = 1; round < mostRounds && fixes.length > 0; round++) {
    const more = fixesOf(demandsOn({ ...c, pod: applied(c.pod, fixes, added) }, policies, ownNamespace));
    if (more.length === 0) break;
    fixes = fixes.concat(more);
  }
  return { demands, fixes };
}

/** What may be carried out: what policies that enforce ask for. */
export const fixesOf = (demands: readonly Demand[]): Fix[] =>
  demands.filter(({ policy }) => policy.spec.enforcement === "Enforce").flatMap(({ lacks }) => lacks.flatMap(({ fixes }) => fixes));

const namesIn = (policies: readonly SidecarPolicy[]): ReadonlySet<string> =>
  new Set(policies.flatMap(({ spec }) => (spec.containers ?? []).map(({ name }) => name)));

/** Names of all containers that policies for this pod ask for, whether they are there or not. */
export const addedNames = (demands: readonly Demand[]): ReadonlySet<string> => namesIn(demands.map(({ policy }) => policy));

/** Why a policy asks nothing of this pod, in words; undefined when it does. */
export function whyNotFor({ metadata, spec }: SidecarPolicy, { pod, namespaceLabels, role }: PodCase): string | undefined {
  if (metadata.deletionTimestamp !== undefined) return "the policy is being deleted";
  if (spec.suspend) return "the policy is suspended";
  const namespace = selectorMismatch(spec.match.namespaceSelector, namespaceLabels);
  if (namespace !== undefined) return `namespaceSelector: ${namespace}`;
  const labels = selectorMismatch(spec.match.podSelector, pod.metadata.labels ?? {});
  if (labels !== undefined) return `podSelector: ${labels}`;
  if (spec.match.track === "Canary" && role !== "Canary") return "track: Canary, and it is no pod of a canary";
  return undefined;
}

function demandOf(asked: Asked): Demand {
  const { c, policy } = asked;
  const parts = [
    policy.spec.istio === undefined ? nothing : istioPart(asked, policy.spec.istio),
    together(containerPart(asked), envPart(asked)),
  ];
  const optedOut = hasOptedOut(c) && policy.spec.optOut === "Allow";
  const found = parts.flatMap(({ lacks }) => lacks);
  const lacks = optedOut
    ? found.map(({ what }) => blocked(what, "OptedOut", `the pod has the annotation ${annotations.sidecars}: "off"`))
    : found;
  const notes = optedOut ? [] : [...parts.flatMap((part) => part.notes), ...ignored(asked)];
  return { policy, standing: lacks.length === 0 ? "Carrying" : "Missing", lacks, notes };
}

const nothing: Findings = { lacks: [], notes: [] };

/** Containers, volumes and variables of a policy all come, or none does: a variable that points at an agent which isn't there breaks the application. */
function together(...parts: Findings[]): Findings {
  const lacks = parts.flatMap((part) => part.lacks);
  const notes = parts.flatMap((part) => part.notes);
  const obstacle = lacks.find(({ fixes }) => fixes.length === 0);
  if (obstacle === undefined) return { lacks, notes };
  const left = ({ what, fixes, ...lack }: Lack): Lack =>
    fixes.length === 0 ? { what, fixes, ...lack } : blocked(what, "LeftOut", `left out with ${obstacle.what}`);
  return { lacks: lacks.map(left), notes: [] };
}

const hasOptedOut = ({ pod }: PodCase): boolean => own(pod.metadata.annotations, annotations.sidecars) === "off";

const ignored = ({ c, policy }: Asked): string[] =>
  hasOptedOut(c) && c.stage === "Admission"
    ? [`policy ${policy.metadata.name} says optOut: Forbid: annotation ${annotations.sidecars}: "off" is ignored`]
    : [];

/** What is only audited, or not for a pod that has opted out, stands in nobody's way. */
const isEnforced = ({ spec }: SidecarPolicy, c: PodCase): boolean =>
  spec.enforcement === "Enforce" && !(hasOptedOut(c) && spec.optOut === "Allow");

function claim(asked: Asked, claims: Map<string, Claim>): void {
  const { policy } = asked;
  if (policy.spec.istio === undefined) return;
  for (const [key, value] of claimsOf(asked, policy.spec.istio)) {
    if (!claims.has(key)) claims.set(key, { policy: policy.metadata.name, value });
  }
}
