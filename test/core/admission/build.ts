import jsonpatch from "jsonpatch";
import { annotations } from "../../../src/api/names.ts";
import { type CanaryPolicy, policySpec } from "../../../src/api/policy.ts";
import { type PodTemplate, templateDigest } from "../../../src/api/template.ts";
import type { Admission } from "../../../src/core/admission/admission.ts";
import type { DeploymentReview, ReviewedDeployment } from "../../../src/core/admission/deploymentReview.ts";
import { annotationText, type SealKey, sealIntent } from "../../../src/core/admission/seal.ts";
import type { PlanFact } from "../../../src/core/admission/world.ts";
import type { ReviewWorld } from "../../../src/webhook/admitReview.ts";

/** Objects for admission tests: a Deployment `web` in namespace `shop`, its reviews, and the world around. */

export const now = "2026-11-23T10:00:00.000Z";
export const uid = "6f1f5ad4-0000-4000-8000-000000000001";
export const keys: SealKey[] = [
  { id: "k2", secret: Buffer.from("the second key, which signs, 32 b") },
  { id: "k1", secret: Buffer.from("the first key, which is retired.") },
];

type Change = (deployment: ReviewedDeployment) => void;

/** `web` serves nginx:1.23 with two pods, until the changes say otherwise. */
export function web(...changes: Change[]): ReviewedDeployment {
  const deployment: ReviewedDeployment = {
    metadata: { name: "web", namespace: "shop", uid, labels: { app: "web" } },
    spec: {
      replicas: 2,
      strategy: { type: "RollingUpdate" },
      template: {
        metadata: { labels: { app: "web" } },
        spec: { containers: [{ name: "nginx", image: "nginx:1.23" }] },
      },
    },
    status: { availableReplicas: 2 },
  };
  for (const change of changes) change(deployment);
  return deployment;
}

export const image =
  (reference: string, container = 0): Change =>
  ({ spec }) => {
    const found = spec.template.spec.containers[container];
    if (found) found.image = reference;
  };
export const paused: Change = ({ spec }) => {
  spec.paused = true;
};
export const unpaused: Change = ({ spec }) => {
  delete spec.paused;
};
export const annotated =
  (key: string, value: string): Change =>
  ({ metadata }) => {
    metadata.annotations = { ...metadata.annotations, [key]: value };
  };
export const withoutAnnotations: Change = ({ metadata }) => {
  delete metadata.annotations;
};
export const template =
  (change: (template: PodTemplate) => void): Change =>
  ({ spec }) =>
    change(spec.template);

export const digestOf = (...changes: Change[]): string => templateDigest(web(...changes).spec.template);
export const stableDigest = digestOf();

export const someRequest = {
  uid: "request-1",
  user: "ann",
  groups: ["dev"],
  fieldManager: "kubectl-set",
  operation: "UPDATE",
  at: "2026-11-23T09:50:00.000Z",
};

/** Held by us, on its way to `to`. */
export const held =
  (to = "nginx:1.24", signedWith = keys): Change =>
  (deployment) => {
    image(to)(deployment);
    deployment.spec.paused = true;
    const intent = sealIntent(
      { v: 1, uid, stable: stableDigest, canary: templateDigest(deployment.spec.template), policy: "everything", request: someRequest },
      signedWith,
    );
    annotated(annotations.intent, annotationText(intent))(deployment);
  };

export function policy(
  name = "everything",
  spec: Record<string, unknown> = {},
  metadata: Partial<CanaryPolicy["metadata"]> = {},
): CanaryPolicy {
  const steps = [{ setWeight: 30 }, { pause: { duration: "30s" } }, { setWeight: 60 }, { pause: {} }, { setWeight: 100 }];
  return {
    apiVersion: "serin.dev/v1alpha1",
    kind: "CanaryPolicy",
    metadata: { name, generation: 1, ...metadata },
    spec: policySpec.parse({ steps, ...spec }),
  };
}

export function plan(fields: Partial<PlanFact> = {}): PlanFact {
  return {
    name: "web-abcde",
    namespace: "shop",
    uid: "plan-uid",
    deploymentUid: uid,
    stable: { hash: "stablehash", digest: stableDigest, images: ["nginx:1.23"] },
    canary: { hash: "canaryhash", digest: digestOf(image("nginx:1.24")) },
    overwritten: [],
    phase: "Progressing",
    message: "waiting at weight 30",
    live: true,
    handedOver: false,
    step: { index: 1, total: 5 },
    atGate: false,
    requestUid: "request-1",
    askedAt: "2026-11-23T09:50:00.000Z",
    services: ["web"],
    routes: ["shop/web"],
    ...fields,
  };
}

export function world(fields: Partial<ReviewWorld> & { plans?: PlanFact[] } = {}): ReviewWorld {
  const { plans = [], ...rest } = fields;
  return {
    now,
    ownNamespace: "serin-system",
    workerUser: "system:serviceaccount:serin-system:serin-worker",
    policies: [policy()],
    namespaceLabels: (namespace) => ({ "kubernetes.io/metadata.name": namespace }),
    plansOf: (deployment) => plans.filter((fact) => fact.deploymentUid === deployment),
    plansRouting: (namespace, name) => plans.filter((fact) => fact.routes.includes(`${namespace}/${name}`)),
    sidecarPolicies: [],
    plansOfRevision: (namespace, hash) => plans.filter((fact) => fact.namespace === namespace && fact.canary.hash === hash),
    workerIsAlive: true,
    claimIsShared: () => false,
    keys,
    ...rest,
  };
}

export function review(
  oldObject: ReviewedDeployment,
  object: ReviewedDeployment,
  asking: Partial<DeploymentReview["asking"]> = {},
): DeploymentReview {
  return {
    oldObject,
    object,
    asking: {
      requestUid: "request-2",
      user: "ben",
      groups: ["dev"],
      fieldManager: "kubectl-set",
      operation: "UPDATE",
      dryRun: false,
      namespace: "shop",
      name: "web",
      ...asking,
    },
  };
}

/** What kube-apiserver would store, by an engine that is not ours. */
export function applied<T>(object: T, admission: Admission): T {
  return jsonpatch.apply_patch(structuredClone(object), structuredClone(admission.operations));
}

/** A change of the first container's image, on a Deployment with these changes before and after. */
export const setImage = (reference = "nginx:1.24", ...changes: Change[]): DeploymentReview =>
  review(web(...changes), web(...changes, image(reference)));
