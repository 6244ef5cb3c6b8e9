import type { Asking } from "../core/admission/deploymentReview.ts";
import { isTooComplex, short } from "./depth.ts";
import { type Fields, isFields } from "./shapes.ts";

/** An AdmissionReview, `admission.k8s.io/v1`. The objects are still unknown: their shape depends on the kind. */
export interface Review {
  uid: string;
  /** `apps/Deployment`: the group and kind that kube-apiserver converted the object to. */
  kind: string;
  asking: Asking;
  object: unknown;
  oldObject: unknown;
}

export type ParsedReview = { review: Review } | { fault: string; uid?: string };

export function parseReview(body: Buffer): ParsedReview {
  if (body.length > short && isTooComplex(body)) return { fault: "it nests too deep or has too many members" };
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString("utf8"));
  } catch {
    return { fault: "it is not JSON" };
  }
  if (!isFields(parsed) || parsed["kind"] !== "AdmissionReview" || parsed["apiVersion"] !== "admission.k8s.io/v1") {
    return { fault: "it is no AdmissionReview of admission.k8s.io/v1" };
  }
  return isFields(parsed["request"]) ? readRequest(parsed["request"]) : { fault: "it has no request" };
}

function readRequest(request: Fields): ParsedReview {
  const uid = text(request["uid"]);
  if (uid === undefined || uid === "") return { fault: "its request has no uid" };
  const { kind, userInfo, options } = request;
  if (!isFields(kind)) return { fault: "its request has no kind", uid };
  const fieldManager = isFields(options) ? text(options["fieldManager"]) : undefined;
  const user = isFields(userInfo) ? userInfo : {};
  const groups = Array.isArray(user["groups"]) ? user["groups"].filter((group) => typeof group === "string") : [];
  const asking: Asking = {
    requestUid: uid,
    user: text(user["username"]) ?? "",
    groups,
    ...(fieldManager === undefined ? {} : { fieldManager }),
    operation: text(request["operation"]) ?? "",
    dryRun: request["dryRun"] === true,
    namespace: text(request["namespace"]) ?? "",
    name: text(request["name"]) ?? "",
  };
  const fullKind = `${text(kind["group"]) ?? ""}/${text(kind["kind"]) ?? ""}`;
  return { review: { uid, kind: fullKind, asking, object: request["object"], oldObject: request["oldObject"] } };
}

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
