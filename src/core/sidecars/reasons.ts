/**
 * Why a pod lacks what a SidecarPolicy asks for. The sentences go unchanged to the policy's status and to `kubectl serin sidecars`; the
 * webhook's own reasons are in `core/admission/reasons.ts`.
 */
export const lackReasons = {
  CreatedBefore: "The pod was made before the policy said what it says now.",
  NotAdded: "The pod was made while Serin's webhook was down or past it, or before labels made the policy be for it.",
  OnlyAudited: "The policy says enforcement: Audit, so nothing was added.",
  OptedOut: "The pod opts out by annotation, and the policy allows it.",
  TeamsOwn: "The pod's own label or annotation for Istio's injector says otherwise, and the policy lets it.",
  OtherPolicyFirst: "Another policy that goes first asks for something else.",
  NameTaken: "The pod has another container or volume of that name.",
  NoSuchVolume: "A container mounts a volume that neither the policy nor the pod has.",
  PodSecurityRefuses: "The namespace enforces PodSecurity, which would refuse the pod with this container.",
  WouldBeRefused: "The API server would refuse the pod with it.",
  LeftOut: "It goes together with something that can't be added.",
  NamespaceRefuses: "The namespace is labelled istio-injection: disabled, which no pod can overrule.",
  NotInjected: "The pod's label says what the policy wants, but Istio's injector did otherwise.",
} as const;

export type LackReason = keyof typeof lackReasons;

/** What the condition Complete of a SidecarPolicy says. */
export const completeReasons = {
  AllCarry: "Every pod that the policy is for carries what it asks for.",
  NoPods: "No running pod is one that the policy is for.",
  SomeMiss: "Pods lack something; the message counts them by reason.",
  Suspended: "The policy says suspend: true, so it asks nothing.",
} as const;
