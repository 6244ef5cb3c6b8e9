import type { PlanReview } from "../core/admission/admitPlan.ts";
import type { VirtualServiceReview } from "../core/admission/admitVirtualService.ts";
import type { ReviewedDeployment } from "../core/admission/deploymentReview.ts";
import type { PodLike } from "../core/sidecars/pod.ts";

/*
 * Whether a value has the shape that admission reads. kube-apiserver has decoded every object before it asks us; these checks are for those who
 * post to the port themselves. Nothing is copied: a key such as `__proto__` stays an own member of what JSON.parse made, and is never looked up.
 */

export type Fields = Record<string, unknown>;
export const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

const optional = (value: unknown, check: (present: unknown) => boolean): boolean => value === undefined || value === null || check(value);
const isText = (value: unknown): value is string => typeof value === "string";
const isNumber = (value: unknown): boolean => typeof value === "number";
const isTexts = (value: unknown): boolean => isFields(value) && Object.values(value).every(isText);
const isListOf =
  (check: (item: unknown) => boolean) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.every(check);

export function isDeployment(value: unknown): value is ReviewedDeployment {
  if (!isFields(value) || !isFields(value["metadata"]) || !isFields(value["spec"])) return false;
  const { metadata, spec, status } = value;
  return (
    isText(metadata["name"]) &&
    optional(metadata["uid"], isText) &&
    optional(metadata["resourceVersion"], isText) &&
    optional(metadata["labels"], isTexts) &&
    optional(metadata["annotations"], isTexts) &&
    optional(metadata["managedFields"], isListOf(isFields)) &&
    optional(spec["strategy"], isFields) &&
    optional(spec["replicas"], isNumber) &&
    optional(status, isFields) &&
    isTemplate(spec["template"])
  );
}

function isTemplate(value: unknown): boolean {
  if (!isFields(value) || !isFields(value["spec"])) return false;
  const { metadata, spec } = value;
  return (
    optional(metadata, isFields) &&
    optional(isFields(metadata) ? metadata["labels"] : undefined, isTexts) &&
    isListOf(isContainer)(spec["containers"]) &&
    optional(spec["initContainers"], isListOf(isContainer)) &&
    optional(spec["volumes"], isListOf(isFields))
  );
}

const isContainer = (value: unknown): boolean =>
  isFields(value) && isText(value["name"]) && optional(value["image"], isText) && optional(value["ports"], isListOf(isFields));

export function isPod(value: unknown): value is PodLike {
  if (!isFields(value) || !isFields(value["metadata"]) || !isFields(value["spec"])) return false;
  const { metadata, spec } = value;
  return (
    ["name", "generateName"].every((field) => optional(metadata[field], isText)) &&
    optional(metadata["labels"], isTexts) &&
    optional(metadata["annotations"], isTexts) &&
    optional(metadata["ownerReferences"], isListOf(isOwner)) &&
    isListOf(isPodContainer)(spec["containers"]) &&
    ["initContainers", "ephemeralContainers"].every((field) => optional(spec[field], isListOf(isPodContainer))) &&
    optional(spec["volumes"], isListOf(isNamed)) &&
    optional(spec["restartPolicy"], isText) &&
    optional(spec["os"], isFields) &&
    optional(spec["securityContext"], isFields) &&
    optional(spec["resources"], isFields)
  );
}

const isNamed = (value: unknown): boolean => isFields(value) && isText(value["name"]);
const isOwner = (value: unknown): boolean => isFields(value) && isText(value["kind"]) && isText(value["name"]);
const isPodContainer = (value: unknown): boolean => isNamed(value) && optional((value as Fields)["env"], isListOf(isNamed));

export function isPlan(value: unknown): value is PlanReview["object"] {
  if (!isFields(value) || !isFields(value["metadata"]) || !isFields(value["spec"])) return false;
  const { name, uid } = value["metadata"];
  return isText(name) && optional(uid, isText) && optional(value["spec"]["control"], isControl);
}

/** Each wish is an object or is not there; what is in it, the CRD checks. */
const isControl = (value: unknown): boolean => isFields(value) && Object.values(value).every((wish) => optional(wish, isFields));

export function isVirtualService(value: unknown): value is VirtualServiceReview["object"] {
  if (!isFields(value) || !isFields(value["spec"])) return false;
  const { spec } = value;
  return ["http", "tls", "tcp"].every((protocol) => optional(spec[protocol], isListOf(isRoute)));
}

const isDestination = (value: unknown): boolean => isFields(value) && isFields(value["destination"]);
const isRoute = (value: unknown): boolean =>
  isFields(value) &&
  optional(value["match"], isListOf(isFields)) &&
  optional(value["route"], isListOf(isDestination)) &&
  optional(value["mirrors"], isListOf(isDestination)) &&
  optional(value["mirror"], isFields);
