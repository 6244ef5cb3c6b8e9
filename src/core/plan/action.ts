import type { Metric } from "../../api/metric.ts";
import type { CanaryPlan } from "../../api/plan.ts";
import type { Field } from "../admission/stamp.ts";
import type { DestinationRuleObject, VirtualServiceObject } from "../traffic/wire.ts";

/**
 * What the worker can do to the world. Each is idempotent and carries the resourceVersion that the decision was made from,
 * so that a write of a deposed leader, or one decided from an old look, is refused by the API server (design I9).
 */
export type Action =
  /** Make the record of a change. One that exists already is fine. */
  | { kind: "createPlan"; plan: CanaryPlan }
  /** The plan has ended and its finalizer goes. */
  | { kind: "releasePlan"; plan: string }
  /** Keep the stable ReplicaSet from being pruned while the plan lives. */
  | { kind: "keepStable"; replicaSet: string }
  | { kind: "letStableGo"; replicaSet: string }
  /** Create or update a DestinationRule of ours. */
  | { kind: "writeRule"; rule: DestinationRuleObject }
  | { kind: "deleteRule"; namespace: string; name: string }
  /** Put `spec` into a team's VirtualService. `lowers`: the canary gets less than before, which nothing may delay. `repairs`: somebody had dropped the split. */
  | { kind: "writeRoute"; current: VirtualServiceObject; spec: VirtualServiceObject["spec"]; lowers: boolean; repairs: boolean }
  /** Create, update or delete a VirtualService of ours. */
  | { kind: "writeMeshRoute"; route: VirtualServiceObject; lowers: boolean }
  | { kind: "deleteMeshRoute"; namespace: string; name: string }
  /** Make the canary's ReplicaSet from the Deployment's template. */
  | { kind: "createCanary"; name: string; hash: string; digest: string; replicas: number; revision: number }
  | { kind: "scale"; replicaSet: string; resourceVersion: string; replicas: number; removesPods: boolean }
  | { kind: "deleteReplicaSet"; replicaSet: string; uid: string }
  /** Swap the controller owner of a ReplicaSet in one write (design §3 fact 2). */
  | { kind: "own"; replicaSet: string; resourceVersion: string; by: "plan" | "deployment"; revision?: number }
  /** Set spec.paused again, before anything else: somebody unpaused a held Deployment. */
  | { kind: "pause"; resourceVersion: string }
  /** Take the hold and the intent away; with `template` that ReplicaSet's template goes back in the same write, and fields to the owners in `restore`. */
  | { kind: "unhold"; resourceVersion: string; template: { replicaSet: string; restore: string | undefined } | undefined }
  /** Drop every annotation of ours, in the end. */
  | { kind: "clearMarks"; resourceVersion: string }
  /** Drop our label from a ReplicaSet that is the Deployment's by now. */
  | { kind: "unmark"; replicaSet: string }
  /** Drop the annotations that are only for one moment (approval, marker). */
  | { kind: "clearAsked"; resourceVersion: string }
  /** Drop the note of a change that was let through: it is on record. */
  | { kind: "clearPassage"; resourceVersion: string }
  /** Take wishes off a plan that count for nothing, unless they have changed since. */
  | { kind: "takeBack"; plan: string; wishes: Readonly<Partial<Record<Field, unknown>>> }
  /** Take our name out of managedFields of a team's object where a crash left it. */
  | { kind: "disown"; object: "deployment" | VirtualServiceObject }
  /** Make `kubectl rollout status` fail (design §3 fact 3). */
  | { kind: "showFailure"; message: string }
  /** Take an earlier plan's failure off the Deployment, so that it waits for the plan that lives. */
  | { kind: "clearFailure" }
  | { kind: "event"; type: "Normal" | "Warning"; reason: string; message: string }
  /** Ask Prometheus; the answer comes with a later snapshot. */
  | { kind: "measure"; key: string; metric: Metric; weight: number; closing: boolean };

/** Actions that make things safer and therefore come before the record of the decision (design I10). */
export const isSafety = (action: Action): boolean =>
  action.kind === "pause" || ((action.kind === "writeRoute" || action.kind === "writeMeshRoute") && action.lowers);
