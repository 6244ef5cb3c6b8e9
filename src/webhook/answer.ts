import type { Admission } from "../core/admission/admission.ts";
import { answerKey } from "../core/audit/apiserverLog.ts";

/**
 * The review as it is sent back: the same uid, the patch in base64. Made here and nowhere else.
 * @param at when, for reviews that the audit record is compared with
 */
export function answer(uid: string, admission: Admission, at?: Date): object {
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
      ...(Object.keys(auditAnnotations).length === 0 ? {} : { auditAnnotations: told(uid, auditAnnotations, at) }),
    },
  };
}

/**
 * With the request's uid, by which a plan and kube-apiserver's own audit log name the same request. kube-apiserver asks again within one request when
 * somebody else's write came between, each time with a new uid, and of an annotation it keeps the first value (kubernetes:
 * staging/src/k8s.io/apiserver/pkg/audit/context.go): so each answer is told under a key of its own as well.
 */
const told = (uid: string, said: Readonly<Record<string, string>>, at: Date | undefined): Record<string, string> => ({
  ...said,
  request: uid,
  ...(at === undefined ? {} : { [`${answerKey}${uid}`]: JSON.stringify({ at: at.toISOString(), ...said }) }),
});
