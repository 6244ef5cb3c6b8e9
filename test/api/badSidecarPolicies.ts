/*
 * Policies that are refused, and with which words: by kube-apiserver when they are written (`test/lab/sidecarKinds.test.ts`), by Serin when it reads
 * them. `ours` where Serin's own words are others.
 */

export interface Says {
  both: string;
  ours?: string;
}

const container = (fields: Record<string, unknown>) => ({ containers: [{ name: "tracer", image: "tracer:1", ...fields }] });
const secured = (securityContext: Record<string, unknown>) => container({ securityContext });
const env = (fields: Record<string, unknown>) => ({ env: [{ name: "A", ...fields }] });
const volume = (fields: Record<string, unknown>) => ({
  ...container({ volumeMounts: [{ name: "data", mountPath: "/data" }] }),
  volumes: [{ name: "data", ...fields }],
});
const istio = (annotations: Record<string, string>) => ({ istio: { inject: "Enabled", annotations } });
const asWritten = "PodSecurity restricted would refuse the pod; who means it writes security: AsWritten";

export const badSidecarPolicies: Array<[what: string, spec: unknown, says: Says]> = [
  ["one that asks for nothing", {}, { both: "the policy asks for nothing: write istio, containers or env" }],
  ["an empty list of containers", { containers: [] }, { both: "the policy asks for nothing" }],
  ["a privileged container", secured({ privileged: true }), { both: `containers may not be privileged: ${asWritten}` }],
  [
    "privilege escalation",
    secured({ allowPrivilegeEscalation: true }),
    { both: `containers may not have allowPrivilegeEscalation: true: ${asWritten}` },
  ],
  [
    "a capability",
    secured({ capabilities: { add: ["SYS_PTRACE"] } }),
    { both: `containers may add no capability but NET_BIND_SERVICE: ${asWritten}` },
  ],
  ["root", secured({ runAsUser: 0 }), { both: `containers may not run as user 0: ${asWritten}` }],
  ["perhaps root", secured({ runAsNonRoot: false }), { both: `containers may not have runAsNonRoot: false: ${asWritten}` }],
  [
    "no seccomp",
    secured({ seccompProfile: { type: "Unconfined" } }),
    { both: `containers may not have seccompProfile Unconfined: ${asWritten}` },
  ],
  ["a profile without a file", secured({ seccompProfile: { type: "Localhost" } }), { both: "type Localhost needs a localhostProfile" }],
  [
    "a profile by its whole path",
    secured({ seccompProfile: { type: "Localhost", localhostProfile: "/var/lib/kubelet/seccomp/tracer.json" } }),
    { both: "write a relative path in which no part starts with a dot" },
  ],
  [
    "a contradiction",
    { security: "AsWritten", ...secured({ privileged: true, allowPrivilegeEscalation: false }) },
    { both: "privileged: true and allowPrivilegeEscalation: false contradict each other" },
  ],
  [
    "a capability in Linux' spelling",
    secured({ capabilities: { drop: ["CAP_CHOWN"] } }),
    { both: "write a capability such as NET_BIND_SERVICE, without CAP_" },
  ],
  ["a port of the node", container({ ports: [{ containerPort: 80, hostPort: 80 }] }), { both: "hostPort" }],
  ["a host path", volume({ hostPath: { path: "/" } }), { both: "hostPath" }],
  ["a Secret as a volume", volume({ secret: { secretName: "s" } }), { both: "secret" }],
  ["a Secret in a projected volume", volume({ projected: { sources: [{ secret: { name: "s" } }] } }), { both: "secret" }],
  [
    "a token in a projected volume",
    volume({ projected: { sources: [{ serviceAccountToken: { path: "t" } }] } }),
    { both: "serviceAccountToken" },
  ],
  ["a claim", volume({ persistentVolumeClaim: { claimName: "c" } }), { both: "persistentVolumeClaim" }],
  ["a Secret as a variable", env({ valueFrom: { secretKeyRef: { name: "s", key: "k" } } }), { both: "secretKeyRef" }],
  ["a ServiceAccount", { ...container({}), serviceAccountName: "admin" }, { both: "serviceAccountName" }],
  ["a lifecycle handler", container({ lifecycle: {} }), { both: "lifecycle" }],
  ["a probe of another host", container({ livenessProbe: { httpGet: { host: "elsewhere", port: 80 } } }), { both: "host" }],
  [
    "a probe of two kinds",
    container({ livenessProbe: { tcpSocket: { port: 80 }, grpc: { port: 80 } } }),
    { both: "a probe is exactly one of" },
  ],
  [
    "two volumes in one",
    volume({ emptyDir: {}, configMap: { name: "c" } }),
    { both: "a volume is exactly one of emptyDir, configMap, downwardAPI or projected" },
  ],
  [
    "a volume that nobody mounts",
    { ...container({}), volumes: [{ name: "data", emptyDir: {} }] },
    { both: "a volume is mounted by no container of the policy" },
  ],
  [
    "a container of Istio's",
    { containers: [{ name: "istio-proxy", image: "x" }] },
    { both: "this is a container of Istio's injector: ask for it with spec.istio" },
  ],
  ["a bad name", { containers: [{ name: "Tracer", image: "x" }] }, { both: "write a name of lower-case letters, digits and '-'" }],
  ["an image with a space", container({ image: "a b" }), { both: "write an image without spaces" }],
  ["an image with a line end", container({ image: "tracer:1\n" }), { both: "write an image without spaces" }],
  [
    "two files of one path",
    volume({ configMap: { name: "c", items: ["a", "b"].map((key) => ({ key, path: "f" })) } }),
    { both: "Duplicate value", ours: "two items have the same path" },
  ],
  [
    "a ConfigMap with two dots",
    env({ valueFrom: { configMapKeyRef: { name: "a..b", key: "k" } } }),
    { both: "write the name of a ConfigMap" },
  ],
  ["a key of two dots", env({ valueFrom: { configMapKeyRef: { name: "a", key: "..k" } } }), { both: "not two dots first" }],
  [
    "two containers of one name",
    {
      containers: [
        { name: "a", image: "x" },
        { name: "a", image: "y" },
      ],
    },
    { both: "Duplicate value", ours: "two items have the same name" },
  ],
  [
    "two ports of one name",
    container({
      ports: [
        { containerPort: 1, name: "p" },
        { containerPort: 2, name: "p" },
      ],
    }),
    { both: "two ports of a container have the same name" },
  ],
  [
    "a path with a colon",
    container({ volumeMounts: [{ name: "d", mountPath: "/a:b" }] }),
    { both: "write an absolute path without a colon" },
  ],
  [
    "a path that climbs",
    container({ volumeMounts: [{ name: "d", mountPath: "/a", subPath: "../b" }] }),
    { both: "write a relative path in which no part starts with a dot" },
  ],
  [
    "an amount without sense",
    container({ resources: { limits: { memory: "64 MB" } } }),
    { both: 'write an amount such as 100m, "1" or 64Mi' },
  ],
  [
    "a request above the limit",
    container({ resources: { requests: { memory: "1Gi" }, limits: { memory: "512Mi" } } }),
    { both: "requests.memory is above limits.memory" },
  ],
  [
    "a request of disk above the limit",
    container({ resources: { requests: { "ephemeral-storage": "2Gi" }, limits: { "ephemeral-storage": "1Gi" } } }),
    { both: "requests.ephemeral-storage is above limits.ephemeral-storage" },
  ],
  ["a variable that starts with a digit", { env: [{ name: "1A", value: "x" }] }, { both: "write the name of a variable" }],
  [
    "a variable with two values",
    env({ value: "x", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }),
    { both: "a variable has a value or a valueFrom, not both" },
  ],
  [
    "a field that pods don't offer",
    env({ valueFrom: { fieldRef: { fieldPath: "spec.containers" } } }),
    { both: "write a field that pods offer to variables" },
  ],
  [
    "a label with two dots",
    env({ valueFrom: { fieldRef: { fieldPath: "metadata.labels['a..b/c']" } } }),
    { both: "write a field that pods offer to variables" },
  ],
  [
    "a label that can't be",
    env({ valueFrom: { fieldRef: { fieldPath: "metadata.labels['a b']" } } }),
    { both: "write a field that pods offer to variables" },
  ],
  ["an annotation that Istio doesn't know", istio({ "sidecar.istio.io/nonsense": "x" }), { both: "sidecar.istio.io/nonsense" }],
  ["volumes through Istio", istio({ "sidecar.istio.io/userVolume": "{}" }), { both: "sidecar.istio.io/userVolume" }],
  [
    "ports that Istio would refuse",
    istio({ "traffic.sidecar.istio.io/excludeInboundPorts": "http" }),
    { both: "write ports with commas between them" },
  ],
  [
    "a port beyond the last",
    istio({ "traffic.sidecar.istio.io/excludeInboundPorts": "8080,65536" }),
    { both: "write ports with commas between them" },
  ],
  [
    "an alias of an interface",
    istio({ "traffic.sidecar.istio.io/excludeInterfaces": "eth0:1" }),
    { both: "write interfaces with commas between them" },
  ],
  [
    "a range that is too narrow",
    istio({ "traffic.sidecar.istio.io/excludeOutboundIPRanges": "10.0.0.0/33" }),
    { both: "write ranges with commas between them" },
  ],
  [
    "an address beyond the last",
    istio({ "traffic.sidecar.istio.io/includeOutboundIPRanges": "10.0.0.256/8" }),
    { both: "ranges with commas between them" },
  ],
  [
    "a proxy that asks for more than it may take",
    istio({ "sidecar.istio.io/proxyCPU": "1500m", "sidecar.istio.io/proxyCPULimit": "1" }),
    { both: "sidecar.istio.io/proxyCPU is above sidecar.istio.io/proxyCPULimit" },
  ],
  ["a truth that Istio would refuse", istio({ "sidecar.istio.io/rewriteAppHTTPProbers": "maybe" }), { both: 'write "true" or "false"' }],
  [
    "settings for a proxy that is refused",
    { istio: { inject: "Disabled", revision: "canary" } },
    { both: "inject: Disabled leaves nothing for revision, holdUntilProxyStarts and annotations to say" },
  ],
  ["a revision that can't be a label", { istio: { inject: "Enabled", revision: "_" } }, { both: "write a revision or its tag" }],
  ["an unknown word", { ...env({ value: "x" }), enforcement: "Warn" }, { both: '"Enforce", "Audit"', ours: "must be Enforce or Audit" }],
  ["an unknown track", { ...env({ value: "x" }), match: { track: "Stable" } }, { both: '"Any", "Canary"', ours: "must be Any or Canary" }],
  ["a field with a typo", { ...env({ value: "x" }), enforcment: "Audit" }, { both: "enforcment" }],
];
