/** Every name that Serin writes on the wire, spelled once: group, kinds, annotations, labels, finalizers. */

export const group = "serin.dev";
export const version = "v1alpha1";
export const apiVersion = `${group}/${version}`;

/** Of this checkout, as in package.json: for User-Agent and `serin_build_info`. */
export const release = "0.1.0";

/** The field manager of the worker. Its entries are taken out of `managedFields` right after each write (design I13). */
export const fieldManager = "serin";

/** ServiceAccounts of `manifests/`; the webhook configuration and the admission policy except the worker by name. */
export const systemNamespace = "serin-system";
export const workerServiceAccount = "serin-worker";

/** Namespaces that are never touched, whatever a policy says (Serin's own comes on top). */
export const systemNamespaces = ["kube-system", "kube-public", "kube-node-lease", "istio-system"] as const;

export const annotations = {
  /** On a held Deployment: who asked for what (see `intent.ts`). Written by the webhook, removed by the worker. */
  intent: `${group}/intent`,
  /** Left by the MutatingAdmissionPolicy: somebody asked to unpause. Its value is the resourceVersion that he wrote over. */
  unpauseAsked: `${group}/unpause-asked`,
  /** `kubectl rollout resume` at a gate: the signed approval of one step (see `approval.ts`). */
  approval: `${group}/approval`,
  /** On a Deployment that its user paused and edited: what served when he did (see `beforePause.ts`). His resume is the request. */
  beforePause: `${group}/before-pause`,
  /**
   * In a request of the worker, never stored: its change of a team's object, which the webhook carries out in the same write. What admission changes
   * has no owner, so the team's server-side apply meets no conflict at any revision (see `admitCarried.ts`).
   */
  carried: `${group}/carried`,
  /** On a Deployment whose change was let through without a canary: who asked for it (see `passage.ts`). The worker removes it once it is on record. */
  passage: `${group}/passage`,
  /** In a namespace that enforces: the webhook was asked about the image change over this resourceVersion, and let it through without a hold. */
  admitted: `${group}/admitted`,
  /** `off` on a Deployment: its image changes are no canaries. Each is recorded as a bypass. */
  canary: `${group}/canary`,
  /** On a CanaryPolicy: its receivers are to be sent a test. Its value is when that was asked (RFC 3339); the result stands in the policy's status. */
  notifyTest: `${group}/notify-test`,
  /** `off` on a pod (in the pod template): no SidecarPolicy adds anything, where the policy allows it. */
  sidecars: `${group}/sidecars`,
} as const;

/** Those that Serin itself writes on a Deployment; the others are the user's. */
export const ownMarks: readonly string[] = [
  annotations.intent,
  annotations.unpauseAsked,
  annotations.approval,
  annotations.beforePause,
  annotations.passage,
  annotations.admitted,
];

export const labels = {
  /** On plans, canary ReplicaSets and rules of ours: the Deployment they belong to. */
  deployment: `${group}/deployment`,
  plan: `${group}/plan`,
  /** `true` on a namespace: an image change that the webhook has not seen is refused there. */
  enforce: `${group}/enforce`,
  managedBy: "app.kubernetes.io/managed-by",
} as const;

export const finalizers = {
  /** On a live plan: traffic goes back to stable before the plan goes. */
  plan: `${group}/plan`,
  /** On the stable ReplicaSet while a plan lives: the controller must not prune it (design §3 fact 2e). */
  stable: `${group}/stable`,
  /** On the worker's ServiceAccount, ClusterRole and ClusterRoleBinding (manifests/rbac/worker.yaml): it needs them until everything is back to stable. */
  worker: `${group}/worker`,
} as const;

/**
 * What Istio's injector obeys and leaves (istio:pkg/kube/inject: `injectRequired` in inject.go; the selectors of its webhooks in
 * manifests/charts/istio-control/istio-discovery/templates/mutatingwebhook.yaml; `reorderPod` in webhook.go).
 */
export const istio = {
  /** Label on a pod: `true` or `false`, anything else counts as absent. An annotation of the same name is the older way; the label wins. */
  inject: "sidecar.istio.io/inject",
  /** Label on a pod or a namespace: which control plane injects. On a namespace it beats the pod's. */
  revision: "istio.io/rev",
  /** Label on a namespace: `enabled` or `disabled`. Where it is there at all, a pod's own label can only refuse. */
  namespaceInjection: "istio-injection",
  /** Annotation on a pod: a part of the mesh's ProxyConfig, as YAML. */
  proxyConfig: "proxy.istio.io/config",
  /** Label on a pod: what metrics call its version. */
  canonicalRevision: "service.istio.io/canonical-revision",
  /** The injector's containers; the first one is the proxy. */
  containers: ["istio-proxy", "istio-init", "istio-validation", "enable-core-dump"],
} as const;

/**
 * Prefixes of what manifests/admission/inject-policy.yaml leaves on a pod that is being made, each before a label's or annotation's key (its `/` as `_`):
 * which policy asked for what, and what the pod itself says. The webhook takes them off (core/sidecars/asked.ts).
 */
export const injectPolicyMarks = { asked: "asked.serin.dev/", was: "was.serin.dev/" } as const;

/** The annotation of the pod that the kubelet makes of a file; the API server never changes what it says. */
export const mirrorPod = "kubernetes.io/config.mirror";

/** The label that the Deployment controller gives to the pods of one ReplicaSet. */
export const podTemplateHash = "pod-template-hash";

/** kubectl's own record of the last client-side apply. */
export const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/** The annotation of a pod template by which `kubectl rollout restart` makes it another one; the value is the time. */
export const restartedAt = "kubectl.kubernetes.io/restartedAt";

/** The revision number that the Deployment controller writes on ReplicaSets. */
export const revision = "deployment.kubernetes.io/revision";
