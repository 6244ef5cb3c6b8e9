import type { Edit } from "./splice.ts";

/*
 * What a user of the chart may set, and where it goes in the manifests that `kubectl apply -k` applies: everything else of the chart is their text.
 * The names of values are those of values.ts. test/house/chart.test.ts renders nothing; test/lab/chart.test.ts compares what helm and kubectl render.
 */

/** `.Values.x` as YAML below a key, where there is any; else no line at all. */
const whereGiven = (value: string, key: string) => (indent: number) =>
  `{{- with ${value} }}\n${key}:\n  {{- toYaml . | nindent ${indent + 2} }}\n{{- end }}`;

function podEdits(component: "certs" | "webhook" | "worker"): Edit[] {
  const of = `Deployment/serin-${component}`;
  const values = `.Values.${component}`;
  const pod = ["spec", "template", "spec"];
  const container = [...pod, "containers", component];
  const edits: Edit[] = [
    { of, at: ["spec", "template", "metadata", "labels"], follow: whereGiven(`${values}.podAnnotations`, "annotations") },
    {
      of,
      at: [...pod, "serviceAccountName"],
      follow: (indent) =>
        [
          whereGiven(".Values.image.pullSecrets", "imagePullSecrets")(indent),
          whereGiven(`${values}.nodeSelector`, "nodeSelector")(indent),
          whereGiven(`${values}.tolerations`, "tolerations")(indent),
          whereGiven(`${values}.affinity`, "affinity")(indent),
        ].join("\n"),
    },
    { of, at: [...pod, "priorityClassName"], put: "{{ .Values.priorityClass.name | quote }}" },
    { of, at: [...container, "image"], put: '{{ include "serin.image" . }}' },
    {
      of,
      at: [...container, "image"],
      follow: () => "{{- with .Values.image.pullPolicy }}\nimagePullPolicy: {{ . }}\n{{- end }}",
    },
    {
      of,
      at: [...container, "env", "SERIN_HEALTH"],
      follow: () => '{{- if ne .Values.logLevel "info" }}\n- name: SERIN_LOG_LEVEL\n  value: {{ .Values.logLevel }}\n{{- end }}',
    },
    {
      of,
      at: [...container, "resources"],
      replaceBy: (indent) => `resources:\n  {{- toYaml ${values}.resources | nindent ${indent + 2} }}`,
    },
  ];
  if (component === "certs") return edits;
  return [
    ...edits,
    { of, at: ["spec", "replicas"], put: `{{ ${values}.replicas }}` },
    { of, at: [...pod, "terminationGracePeriodSeconds"], follow: () => `{{- if ${values}.topologySpread }}` },
    { of, at: [...pod, "topologySpreadConstraints"], follow: () => "{{- end }}" },
  ];
}

const networkEdits: Edit[] = [
  {
    of: "NetworkPolicy/metrics",
    at: ["spec", "ingress", 0, "from"],
    replaceBy: (indent) => `from:\n  {{- toYaml .Values.networkPolicy.metricsFrom | nindent ${indent + 2} }}`,
  },
  {
    of: "NetworkPolicy/cluster",
    at: ["spec", "egress", 1, "ports"],
    replaceBy: () => "ports:\n  {{- range .Values.networkPolicy.apiServerPorts }}\n  - protocol: TCP\n    port: {{ . }}\n  {{- end }}",
  },
  { of: "NetworkPolicy/prometheus", at: ["spec", "egress", 0, "ports", 0, "port"], put: '{{ include "serin.prometheusPort" . }}' },
  {
    of: "NetworkPolicy/prometheus",
    at: ["spec", "egress", 0],
    follow: (indent) => `{{- with .Values.networkPolicy.extraEgress }}\n{{- toYaml . | nindent ${indent} }}\n{{- end }}`,
  },
];

/** By file, below `manifests/`. */
export const edits: Readonly<Record<string, readonly Edit[]>> = {
  "base/certificates.yaml": [
    ...podEdits("certs"),
    {
      of: "Deployment/serin-certs",
      at: ["spec", "template", "spec", "containers", "certs", "env", "SERIN_CERTS", "value"],
      put: '{{ ternary "own" "provided" (eq .Values.certificates.mode "self") }}',
    },
  ],
  "base/webhook.yaml": podEdits("webhook"),
  "base/worker.yaml": [
    ...podEdits("worker"),
    {
      of: "Deployment/serin-worker",
      at: ["spec", "template", "spec", "containers", "worker", "env", "SERIN_HEALTH"],
      follow: () => "{{- with .Values.tracing.endpoint }}\n- name: OTEL_EXPORTER_OTLP_ENDPOINT\n  value: {{ . | quote }}\n{{- end }}",
    },
    ...(["address", "secret"] as const).map((name) => ({
      of: "Deployment/serin-worker",
      at: [
        ...["spec", "template", "spec", "containers", "worker", "env"],
        ...[{ address: "SERIN_PROMETHEUS", secret: "SERIN_PROMETHEUS_SECRET" }[name], "value"],
      ],
      put: `{{ .Values.prometheus.${name} | quote }}`,
    })),
  ],
  "rbac/worker.yaml": [
    {
      of: "Role/serin-worker",
      at: ["rules", 6, "resourceNames"],
      put: "{{ prepend .Values.prometheus.moreSecrets .Values.prometheus.secret | uniq | toJson }}",
    },
    {
      of: "Role/serin-worker",
      at: ["rules", 7],
      follow: () =>
        [
          "{{- with .Values.notifications.moreSecrets }}",
          '- apiGroups: [""]',
          "  resources: [secrets]",
          "  resourceNames: {{ toJson . }}",
          "  verbs: [get]",
          "{{- end }}",
        ].join("\n"),
    },
  ],
  "base/priority.yaml": [{ of: "PriorityClass/serin", at: ["metadata", "name"], put: "{{ .Values.priorityClass.name | quote }}" }],
  "base/network.yaml": networkEdits,
  "admission/webhook-configuration.yaml": [
    {
      of: "MutatingWebhookConfiguration/canary-serin",
      at: ["metadata", "labels"],
      follow: () =>
        '{{- if eq .Values.certificates.mode "cert-manager" }}\nannotations:\n  cert-manager.io/inject-ca-from: serin-system/serin-webhook\n{{- end }}',
    },
  ],
  "monitoring/scrape.yaml": [
    { of: "ServiceMonitor/serin", at: ["metadata", "labels"], follow: whereGivenInside(".Values.serviceMonitor.labels") },
    { of: "ServiceMonitor/serin", at: ["spec", "endpoints", 0, "interval"], put: "{{ .Values.serviceMonitor.interval }}" },
  ],
  "monitoring/alerts.yaml": [
    { of: "PrometheusRule/serin", at: ["metadata", "labels"], follow: whereGivenInside(".Values.prometheusRule.labels") },
  ],
};

/** More entries of the map that goes before. */
function whereGivenInside(value: string) {
  return (indent: number) => `{{- with ${value} }}\n{{- toYaml . | nindent ${indent + 2} }}\n{{- end }}`;
}

/** A definition outlives the chart, with what is written in it, unless `crds.keep` says otherwise. */
export const crdEdits = (name: string): Edit[] => [
  {
    of: `CustomResourceDefinition/${name}`,
    at: ["metadata", "name"],
    follow: () => "{{- if .Values.crds.keep }}\nannotations:\n  helm.sh/resource-policy: keep\n{{- end }}",
  },
];

/** Files, or folders of files, that are only rendered where a value says so. */
export const conditions: Readonly<Record<string, string>> = {
  "base/namespace.yaml": ".Values.namespace.create",
  "base/priority.yaml": ".Values.priorityClass.create",
  "base/network.yaml": ".Values.networkPolicy.enabled",
  "base/disruption.yaml": ".Values.podDisruptionBudget.enabled",
  "crd/": ".Values.crds.install",
  "overlays/cert-manager/": 'eq .Values.certificates.mode "cert-manager"',
  "overlays/enforce/": ".Values.enforce.newNamespaces",
  "monitoring/scrape.yaml": ".Values.serviceMonitor.enabled",
  "monitoring/alerts.yaml": ".Values.prometheusRule.enabled",
};
