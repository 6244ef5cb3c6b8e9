import type { Admission } from "../core/admission/admission.ts";

/** The review as it is sent back: the same uid, the patch in base64. Made here and nowhere else. */
export function answer(uid: string, admission: Admission): object {
  const { allowed, code, message, reason, operations, warnings, auditAnnotations } = admission;
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    response: {
      uid,
      allowed,
      ...(allowed ? {} : { status: { status: "Failure", code: code ?? 500, reason: code === 403 ? "Forbidden" : reason, message } }),
      ...(operations.length === 0 ? {} : { patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(operations)).toString("base64") }),
      ...(warnings.length === 0 ? {} : { warnings }),
      // With the request's uid, by which a plan and kube-apiserver's own audit log name the same request.
      ...(Object.keys(auditAnnotations).length === 0 ? {} : { auditAnnotations: { ...auditAnnotations, request: uid } }),
    },
  };
}
