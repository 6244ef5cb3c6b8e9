import type { ReviewedDeployment } from "../../src/core/admission/deploymentReview.ts";

/** An AdmissionReview as kube-apiserver posts it. */
export function reviewOf(oldObject: unknown, object: unknown, fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: "705ab4f5-6393-11e8-b7cc-42010a800002",
      kind: { group: "apps", version: "v1", kind: "Deployment" },
      resource: { group: "apps", version: "v1", resource: "deployments" },
      name: "web",
      namespace: "shop",
      operation: "UPDATE",
      userInfo: { username: "ben", uid: "u", groups: ["dev"] },
      options: { kind: "UpdateOptions", apiVersion: "meta.k8s.io/v1", fieldManager: "kubectl-set" },
      dryRun: false,
      object,
      oldObject,
      ...fields,
    },
  };
}

interface Response {
  uid: string;
  allowed: boolean;
  status?: { code: number; reason: string; message: string };
  patch?: string;
  patchType?: string;
  warnings?: string[];
  auditAnnotations?: Record<string, string>;
}

export const responseOf = (body: unknown): Response => (body as { response: Response }).response;
export const patchOf = (body: unknown): Array<{ op: string; path: string; value?: unknown }> =>
  JSON.parse(Buffer.from(responseOf(body).patch ?? "W10=", "base64").toString("utf8"));

export type { ReviewedDeployment };
