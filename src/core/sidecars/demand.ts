import type { SidecarPolicy } from "../../api/sidecarPolicy.ts";
import { namespaceName } from "../admission/policyTarget.ts";
import type { PodCase, PodContainer } from "./pod.ts";
import type { LackReason } from "./reasons.ts";

/* What a policy asks of a pod, as a value. `demandsOn` makes it. */

/** One change of a pod. Each adds something; none takes anything away. */
export type Fix =
  | { kind: "label" | "annotation"; key: string; value: string }
  | { kind: "volume"; volume: { name: string; [source: string]: unknown } }
  | { kind: "container"; container: PodContainer; isNative: boolean }
  | { kind: "variable"; container: string; variable: { name: string; [field: string]: unknown } };

/** Something that is asked for and is not there. */
export interface Lack {
  /** What, in words: `container tracer`, `Istio's proxy`. */
  what: string;
  reason: LackReason;
  /** What and why, in a sentence. */
  message: string;
  /** What would put it right when the pod is made; empty when nothing can. */
  fixes: readonly Fix[];
}

/** What one policy asks of one pod that it is for. */
export interface Demand {
  policy: SidecarPolicy;
  /** Carrying: nothing is lacking. */
  standing: "Carrying" | "Missing";
  lacks: readonly Lack[];
  /** What the team should know though nothing is lacking, such as a container that was turned native. */
  notes: readonly string[];
}

/** What the parts of a policy are looked at with. */
export interface Asked {
  c: PodCase;
  policy: SidecarPolicy;
  /** Keys of labels and annotations that a policy before this one has asked for, with what it wants. */
  claims: ReadonlyMap<string, Claim>;
  /** Names of all containers that policies for this pod ask for: they are not the pod's own. */
  added: ReadonlySet<string>;
}

export interface Claim {
  policy: string;
  value: string;
}

/** What one part of a policy finds. */
export interface Findings {
  lacks: Lack[];
  notes: string[];
}

/** In the order in which they are asked: nobody adds anything under Audit, and what is newer than the pod could not have been added to it. */
export function whyMissing({ c, policy }: Asked): "OnlyAudited" | "CreatedBefore" | "NotAdded" {
  if (policy.spec.enforcement === "Audit") return "OnlyAudited";
  if (c.stage === "Admission") return "NotAdded";
  const { status, metadata } = policy;
  // A generation that nobody has seen yet is newer than every pod.
  if (status !== undefined && status.observedGeneration !== metadata.generation) return "CreatedBefore";
  const since = status?.inForceSince ?? metadata.creationTimestamp ?? "";
  const made = c.pod.metadata.creationTimestamp ?? "";
  return made < since ? "CreatedBefore" : "NotAdded";
}

const whys: Record<ReturnType<typeof whyMissing>, string> = {
  OnlyAudited: "the policy only audits",
  CreatedBefore: "the pod was made before the policy said so",
  NotAdded: "the pod was made past Serin's webhook",
};

/** When labels were set is written nowhere. */
const labelledLater = "or before it or its namespace was labelled so that the policy is for it";
const selects = ({ spec: { match } }: SidecarPolicy): boolean =>
  [match.namespaceSelector, match.podSelector].some(({ matchLabels = {}, matchExpressions = [] }) =>
    [...Object.keys(matchLabels), ...matchExpressions.map(({ key }) => key)].some((key) => key !== namespaceName),
  );

/** A thing that can be added when a pod is made, and is not there. At admission it needs no reason: it is about to be there. */
export function missing(asked: Asked, what: string, fixes: readonly Fix[]): Lack {
  const reason = whyMissing(asked);
  const why = reason === "NotAdded" && selects(asked.policy) ? `${whys[reason]}, ${labelledLater}` : whys[reason];
  return { what, reason, message: asked.c.stage === "Admission" ? what : `${what}: ${why}`, fixes };
}

/** A thing that nobody can add to this pod. */
export const blocked = (what: string, reason: LackReason, why: string): Lack => ({ what, reason, message: `${what}: ${why}`, fixes: [] });
