import type { ReviewedDeployment } from "../../src/core/admission/deploymentReview.ts";
import { uid } from "../core/admission/build.ts";
import { reviewOf } from "../webhook/reviews.ts";

/** The sizes of research/performance.md §1.3: a plain Deployment, one with sidecars, the largest seen. */
export const sizes = { "14.5 KiB": 14.5 * 1024, "59 KiB": 59 * 1024, "467 KiB": 467 * 1024 } as const;
export type Size = keyof typeof sizes;

/** An image change of a Deployment as kubectl and the controllers leave it: two objects, each with managedFields and a last-applied-configuration. */
export function sizedReview(bytes: number, image: string): Buffer {
  const review = (containers: number, env: number) =>
    JSON.stringify(reviewOf(deployment(containers, env, "nginx:1.23.4"), deployment(containers, env, image)));
  // Real Deployments grow by containers and, in these, by variables.
  const containers = Math.max(1, Math.min(8, Math.round(bytes / 15_000)));
  let env = 0;
  while (review(containers, env + 1).length <= bytes) env += 1;
  const text = review(containers, env);
  return Buffer.from(text.replace('"dryRun":false', `"dryRun":false,"padding":"${"x".repeat(Math.max(0, bytes - text.length - 13))}"`));
}

function deployment(containers: number, env: number, image: string): ReviewedDeployment {
  const names = Array.from({ length: containers }, (_, i) => `c${i}`);
  const variables = Array.from({ length: env }, (_, i) => ({ name: `VARIABLE_${i}`, value: `value-${i}` }));
  const container = (name: string, i: number) => ({
    name,
    image: i === 0 ? image : `sidecar-${i}:2.4.1`,
    ports: [{ name: `http-${i}`, containerPort: 8080 + i, protocol: "TCP" }],
    env: variables,
    resources: { limits: { cpu: "500m", memory: "512Mi" }, requests: { cpu: "100m", memory: "128Mi" } },
    livenessProbe: {
      httpGet: { path: "/healthz", port: 8080 + i, scheme: "HTTP" },
      timeoutSeconds: 1,
      periodSeconds: 10,
      successThreshold: 1,
      failureThreshold: 3,
    },
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    imagePullPolicy: "IfNotPresent",
  });
  const template = {
    metadata: { creationTimestamp: null, labels: { app: "web", version: "v1" }, annotations: { "prometheus.io/scrape": "true" } },
    spec: {
      containers: names.map(container),
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      dnsPolicy: "ClusterFirst",
      securityContext: {},
      schedulerName: "default-scheduler",
    },
  };
  const spec = {
    replicas: 2,
    selector: { matchLabels: { app: "web" } },
    template,
    strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" } },
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
  };
  const metadata = {
    name: "web",
    namespace: "shop",
    uid,
    resourceVersion: "123456",
    generation: 7,
    creationTimestamp: "2026-11-01T10:00:00Z",
    labels: { app: "web" },
  };
  const owned = Object.fromEntries(
    names.map((name) => [
      `k:${JSON.stringify({ name })}`,
      {
        ".": {},
        "f:name": {},
        "f:image": {},
        "f:imagePullPolicy": {},
        "f:ports": { ".": {} },
        "f:resources": {},
        "f:env": Object.fromEntries(
          variables.map((variable) => [`k:{"name":"${variable.name}"}`, { ".": {}, "f:name": {}, "f:value": {} }]),
        ),
      },
    ]),
  );
  const applied = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "shop", annotations: {}, labels: { app: "web" } },
    spec,
  };
  return {
    metadata: {
      ...metadata,
      annotations: {
        "deployment.kubernetes.io/revision": "7",
        "kubectl.kubernetes.io/last-applied-configuration": `${JSON.stringify(applied)}\n`,
      },
      managedFields: [
        {
          manager: "kubectl-client-side-apply",
          operation: "Update",
          apiVersion: "apps/v1",
          time: "2026-11-01T10:00:00Z",
          fieldsType: "FieldsV1",
          fieldsV1: {
            "f:metadata": { "f:labels": {} },
            "f:spec": { "f:replicas": {}, "f:template": { "f:spec": { "f:containers": owned } } },
          },
        },
        {
          manager: "kube-controller-manager",
          operation: "Update",
          apiVersion: "apps/v1",
          time: "2026-11-01T10:00:05Z",
          fieldsType: "FieldsV1",
          fieldsV1: { "f:status": { "f:availableReplicas": {}, "f:conditions": { ".": {} }, "f:readyReplicas": {}, "f:replicas": {} } },
          subresource: "status",
        },
      ],
    },
    spec,
    status: { availableReplicas: 2, ...{ observedGeneration: 7, replicas: 2, readyReplicas: 2, updatedReplicas: 2 } },
  } as ReviewedDeployment;
}
