import fc from "fast-check";
import { apiVersion } from "../../src/api/names.ts";
import type { SidecarPolicyInput } from "../build/sidecarPolicy.ts";

/** Pods such as teams write, as they are posted: valid ones mostly, of every owner, some that PodSecurity restricted admits. */

const container = fc.record({
  name: fc.constantFrom("web", "tracer", "agent", "worker", "everything"),
  image: fc.constantFrom("web:1", "tracer:1", "agent:1"),
  env: fc.option(
    fc.constantFrom([{ name: "TRACE", value: "mine" }], [{ name: "OTHER", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }]),
    {
      nil: undefined,
    },
  ),
  resources: fc.option(fc.constantFrom({ limits: { cpu: "100m" } }, { requests: { memory: "64Mi" }, limits: { memory: "64Mi" } }), {
    nil: undefined,
  }),
  readinessProbe: fc.option(fc.constant({ httpGet: { path: "/", port: 80 } }), { nil: undefined }),
  own: fc.boolean(),
});

const restricted = {
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  capabilities: { drop: ["ALL"] },
  seccompProfile: { type: "RuntimeDefault" },
};

const texts = (keys: string[], values: string[]) => fc.dictionary(fc.constantFrom(...keys), fc.constantFrom(...values), { maxKeys: 2 });

export const pod = fc
  .record({
    all: fc.uniqueArray(container, { selector: ({ name }) => name, minLength: 1, maxLength: 4 }),
    inits: fc.nat({ max: 2 }),
    native: fc.boolean(),
    isRestricted: fc.boolean(),
    traces: fc.constantFrom(undefined, undefined, { emptyDir: {} }, { configMap: { name: "traces" } }),
    logs: fc.boolean(),
    labels: texts(["app", "sidecar.istio.io/inject", "istio.io/rev", "service.istio.io/canonical-revision"], ["web", "true", "false"]),
    annotations: texts(["serin.dev/sidecars", "proxy.istio.io/config", "sidecar.istio.io/logLevel"], ["off", "concurrency: 2", "{"]),
    restartPolicy: fc.constantFrom("Always", "Always", "Always", "OnFailure", "Never"),
    owner: fc.constantFrom("ReplicaSet", "ReplicaSet", "Job", "DaemonSet", "StatefulSet", undefined),
    generated: fc.boolean(),
    spec: fc.constantFrom<Record<string, unknown>>(
      {},
      {},
      {},
      { hostNetwork: true },
      { os: { name: "windows" } },
      { resources: { requests: { cpu: "200m", memory: "256Mi" }, limits: { cpu: "1", memory: "256Mi" } } },
      { automountServiceAccountToken: false },
      { shareProcessNamespace: true },
      { securityContext: { runAsUser: 0 } },
      { securityContext: { fsGroup: 2000, runAsUser: 1000 } },
    ),
  })
  .map(({ all, inits, native, isRestricted, traces, logs, labels, annotations, restartPolicy, owner, generated, spec }) => {
    const volumes = [...(traces ? [{ name: "traces", ...traces }] : []), ...(logs ? [{ name: "logs", emptyDir: {} }] : [])];
    const written = all.map(({ own, ...one }) => ({
      ...one,
      ...(own && logs ? { volumeMounts: [{ name: "logs", mountPath: "/var/log/app" }] } : {}),
      ...(isRestricted && spec["os"] === undefined ? { securityContext: restricted } : {}),
    }));
    const init = written
      .slice(1, 1 + inits)
      .map(({ readinessProbe, ...one }) => (native ? { ...one, readinessProbe, restartPolicy: "Always" } : one));
    return {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        ...(generated ? { generateName: "generated-" } : { name: "named" }),
        labels: { ...labels, ...(owner === "ReplicaSet" ? { "pod-template-hash": "7d9f8b5c4d" } : {}) },
        annotations,
        ...(owner === undefined
          ? {}
          : {
              ownerReferences: [
                { apiVersion: owner === "Job" ? "batch/v1" : "apps/v1", kind: owner, name: "owner", uid: "1", controller: true },
              ],
            }),
      },
      spec: { ...spec, restartPolicy, containers: [written[0], ...written.slice(1 + inits)], initContainers: init, volumes },
    };
  });

const policy = (name: string, spec: SidecarPolicyInput) => ({
  apiVersion,
  kind: "SidecarPolicy",
  metadata: { name },
  spec: { ...spec, match: { namespaceSelector: { matchLabels: { sidecars: "wanted" } } } },
});

/** One that asks for everything that there is a field for. */
export const everything: SidecarPolicyInput = {
  priority: -1,
  optOut: "Forbid",
  containers: [
    {
      name: "everything",
      image: "everything:1@sha256:0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
      as: "Native",
      imagePullPolicy: "IfNotPresent",
      command: ["/bin/everything", ""],
      args: ["--all"],
      workingDir: "/",
      ports: [
        { containerPort: 9000, name: "admin" },
        { containerPort: 9000, protocol: "UDP", name: "admin-udp" },
      ],
      env: [
        { name: "EMPTY", value: "" },
        { name: "NODE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
        { name: "APP", valueFrom: { fieldRef: { fieldPath: "metadata.labels['app.kubernetes.io/name']" } } },
        { name: "CPU", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } },
        { name: "MODE", valueFrom: { configMapKeyRef: { name: "settings", key: "mode" } } },
      ],
      resources: {
        requests: { cpu: "10m", memory: "16Mi", "ephemeral-storage": "1Gi" },
        limits: { cpu: "1", memory: "32Mi", "ephemeral-storage": "1Gi" },
      },
      volumeMounts: [
        { name: "scratch", mountPath: "/scratch" },
        { name: "settings", mountPath: "/settings", readOnly: true },
        { name: "self", mountPath: "/self" },
        { name: "both", mountPath: "/both", subPath: "labels" },
        { name: "scratch", mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" },
      ],
      startupProbe: { exec: { command: ["true"] }, periodSeconds: 1, failureThreshold: 30 },
      livenessProbe: { grpc: { port: 9000, service: "health" }, initialDelaySeconds: 1 },
      readinessProbe: { httpGet: { path: "/ready", port: 9000, scheme: "HTTP" }, timeoutSeconds: 2 },
      securityContext: {
        runAsUser: 1000,
        runAsGroup: 1000,
        runAsNonRoot: true,
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        privileged: false,
        capabilities: { add: ["NET_BIND_SERVICE"], drop: ["CHOWN"] },
        seccompProfile: { type: "RuntimeDefault" },
      },
    },
  ],
  volumes: [
    { name: "scratch", emptyDir: { medium: "Memory", sizeLimit: "1024Mi" } },
    { name: "settings", configMap: { name: "settings", items: [{ key: "mode", path: "mode" }] } },
    { name: "self", downwardAPI: { items: [{ path: "name", fieldRef: { fieldPath: "metadata.name" } }] } },
    {
      name: "both",
      projected: {
        sources: [
          { configMap: { name: "settings" } },
          { downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] } },
        ],
      },
    },
  ],
};

/** For the namespaces labelled sidecars=wanted. Together they ask for everything, and for some things twice. */
export const policies = [
  policy("tracing", {
    containers: [{ name: "tracer", image: "tracer:1", volumeMounts: [{ name: "traces", mountPath: "/traces" }] }],
    volumes: [{ name: "traces", emptyDir: {} }],
    env: [{ name: "TRACE", value: "all" }],
  }),
  policy("shipping", {
    containers: [{ name: "agent", image: "agent:1", as: "Container", volumeMounts: [{ name: "logs", mountPath: "/logs" }] }],
  }),
  policy("mesh", {
    istio: {
      inject: "Enabled",
      revision: "1-26",
      holdUntilProxyStarts: true,
      annotations: { "sidecar.istio.io/logLevel": "debug", "proxy.istio.io/config": "tracing: {sampling: 1}" },
    },
  }),
  policy("no-mesh", { priority: -1, istio: { inject: "Disabled" } }),
  policy("debugging", {
    security: "AsWritten",
    containers: [
      { name: "debugger", image: "debugger:1", securityContext: { privileged: true, runAsUser: 0, capabilities: { add: ["SYS_PTRACE"] } } },
    ],
  }),
  policy("everything", everything),
  policy("audit", { enforcement: "Audit", env: [{ name: "AUDITED", value: "x" }] }),
];
