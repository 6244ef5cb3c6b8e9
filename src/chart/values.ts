import { z } from "zod";

/*
 * What a user of the chart may set. values.schema.json, values.yaml and the table in the chart's README are made from this; edits.ts says where each
 * value goes. Defaults are what `kubectl apply -k manifests/` applies.
 */

const quantity = z.union([z.string().regex(/^[0-9]+(\.[0-9]+)?(m|k|Ki|Mi|Gi|Ti|M|G|T)?$/), z.number().positive()]);
const quantities = z.strictObject({ cpu: quantity.optional(), memory: quantity.optional(), "ephemeral-storage": quantity.optional() });
const labels = z.record(z.string(), z.string());
const name = z.string().regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);
const port = z.int().min(1).max(65_535);
const flag = (value: boolean, says: string) => z.boolean().default(value).describe(says);
/** Kubernetes' own shape; kube-apiserver checks what is inside. */
const kubernetes = z.looseObject({});

const resources = (cpu: string, memory: string) =>
  z
    .strictObject({ requests: quantities.optional(), limits: quantities.optional() })
    .default({ requests: { cpu, memory }, limits: { memory } })
    .describe("Requests and limits. No CPU limit by default: throttled, a webhook misses its 3 s and a worker its Lease.");

const toleration = z.strictObject({
  key: z.string().optional(),
  operator: z.enum(["Exists", "Equal", "Lt", "Gt"]).optional(),
  value: z.string().optional(),
  effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]).optional(),
  tolerationSeconds: z.int().optional(),
});

const placement = {
  nodeSelector: labels.default({}).describe("Labels that its nodes must have."),
  tolerations: z.array(toleration).default([]).describe("Taints that it bears."),
  affinity: z
    .strictObject({ nodeAffinity: kubernetes.optional(), podAffinity: kubernetes.optional(), podAntiAffinity: kubernetes.optional() })
    .default({})
    .describe("Kubernetes' affinity."),
  podAnnotations: labels.default({}).describe("Annotations of its pods."),
};

const replicated = (what: string) => ({
  replicas: z.int().min(1).max(9).default(2).describe(`How many ${what}. With one, ${oneOf[what]}.`),
  topologySpread: flag(true, "Apart from each other as far as nodes and zones allow."),
});

const oneOf: Record<string, string> = {
  webhooks: "image changes go out with no canary while its pod restarts",
  workers: "plans stand still while its pod restarts",
};

export const values = z.strictObject({
  image: z
    .strictObject({
      repository: z
        .string()
        .regex(/^([-a-z0-9.]+(:[0-9]+)?\/)?[-a-z0-9._]+(\/[-a-z0-9._]+)*$/)
        .default("serin")
        .describe("The image's name, with the registry's in front where there is one."),
      tag: z
        .string()
        .regex(/^([A-Za-z0-9_][-A-Za-z0-9_.]{0,127})?$/)
        .default("")
        .describe("Its tag; empty: the chart's appVersion."),
      digest: z
        .string()
        .regex(/^(sha256:[0-9a-f]{64})?$/)
        .default("")
        .describe("`sha256:…`, in the tag's place: the very image that you tested."),
      pullPolicy: z.enum(["", "Always", "IfNotPresent", "Never"]).default("").describe("Empty: Kubernetes' own."),
      pullSecrets: z.array(z.strictObject({ name })).default([]).describe("Secrets of serin-system with the registry's credentials."),
    })
    .prefault({}),
  logLevel: z
    .enum(["trace", "debug", "info", "warn", "error"])
    .default("info")
    .describe("From which level on the three programs log, one JSON object a line."),
  webhook: z.strictObject({ ...replicated("webhooks"), resources: resources("100m", "256Mi"), ...placement }).prefault({}),
  worker: z.strictObject({ ...replicated("workers"), resources: resources("100m", "256Mi"), ...placement }).prefault({}),
  certs: z.strictObject({ resources: resources("20m", "192Mi"), ...placement }).prefault({}),
  certificates: z
    .strictObject({
      mode: z
        .enum(["self", "cert-manager", "provided"])
        .default("self")
        .describe(
          "Who makes the webhook's certificates: Serin; cert-manager, which must be there first; or you, in the Secret `serin-webhook-tls` of serin-system.",
        ),
    })
    .prefault({}),
  prometheus: z
    .strictObject({
      address: z
        .string()
        .regex(/^https?:\/\/[^\s/@]+(\/\S*)?$/)
        .default("http://prometheus.istio-system:9090")
        .describe("The Prometheus that has Istio's metrics. The worker is let out to its port."),
      secret: name
        .default("serin-prometheus")
        .describe(
          "A Secret of serin-system with `username` and `password`, or `token`; `ca.crt`, `tls.crt`, `tls.key`. It need not be there.",
        ),
      moreSecrets: z.array(name).default([]).describe("Further Secrets that policies name as `credentials` of a metric's own address."),
    })
    .prefault({}),
  notifications: z
    .strictObject({
      moreSecrets: z
        .array(name)
        .default([])
        .describe(
          "Secrets that policies name in `notifications`, beside serin-alertmanager, serin-cloudevents and serin-slack, which need not be there.",
        ),
    })
    .prefault({}),
  tracing: z
    .strictObject({
      endpoint: z
        .string()
        .regex(/^(https?:\/\/[^\s/@]+(\/\S*)?)?$/)
        .default("")
        .describe("Where a trace of each plan goes, OTLP over HTTP: `http://otel-collector.observability:4318`. Empty: nowhere."),
    })
    .prefault({}),
  priorityClass: z
    .strictObject({
      create: flag(true, "Make the class: the highest priority below the cluster's own."),
      name: name.default("serin").describe("The pods' class."),
    })
    .prefault({}),
  podDisruptionBudget: z.strictObject({ enabled: flag(true, "A drain takes one replica of webhook and worker at a time.") }).prefault({}),
  networkPolicy: z
    .strictObject({
      enabled: flag(true, "Default deny; in come reviews and scrapes, out go DNS, kube-apiserver and, from the worker, Prometheus."),
      apiServerPorts: z.array(port).min(1).default([443, 6443]).describe("Where kube-apiserver listens: by its Service, and behind it."),
      metricsFrom: z
        .array(kubernetes)
        .min(1)
        .default([{ namespaceSelector: {} }])
        .describe("Peers (NetworkPolicyPeer) that may scrape /metrics."),
      extraEgress: z
        .array(z.strictObject({ to: z.array(kubernetes).optional(), ports: z.array(kubernetes).optional() }))
        .default([])
        .describe("Further ways out for the worker (NetworkPolicyEgressRule): metrics, receivers and traces with an address of their own."),
    })
    .prefault({}),
  enforce: z
    .strictObject({
      newNamespaces: flag(
        false,
        "Each namespace that is made from now on refuses image changes that the webhook has not seen. Others: `kubectl label namespace NAME serin.dev/enforce=true`.",
      ),
    })
    .prefault({}),
  serviceMonitor: z
    .strictObject({
      enabled: flag(false, "For Prometheus' operator, whose kinds must be there first; with the headless Service that it scrapes."),
      interval: z
        .string()
        .regex(/^[1-9][0-9]*(ms|s|m)$/)
        .default("15s")
        .describe("Time between scrapes."),
      labels: labels.default({}).describe("Labels by which your operator picks it."),
    })
    .prefault({}),
  prometheusRule: z
    .strictObject({
      enabled: flag(false, "Tested alerts, for Prometheus' operator."),
      labels: labels.default({}).describe("Labels by which your operator picks it."),
    })
    .prefault({}),
  dashboard: z
    .strictObject({
      enabled: flag(false, "A dashboard in a ConfigMap, for Grafana's sidecar."),
      labels: labels.default({ grafana_dashboard: "1" }).describe("Labels by which your Grafana picks it."),
    })
    .prefault({}),
  crds: z
    .strictObject({
      install: flag(true, "The four kinds come and are upgraded with the chart."),
      keep: flag(true, "They stay when the chart goes, with every policy and every plan. `false`: these go with it."),
    })
    .prefault({}),
  namespace: z
    .strictObject({
      create: flag(true, "Make serin-system, with PodSecurity *restricted*. `false`: it is there already."),
    })
    .prefault({}),
  enabled: z.boolean().optional().describe("No value of this chart: a chart of charts names it as the `condition` of its dependency."),
  global: z.looseObject({}).default({}).describe("Helm's own, for charts of charts. Nothing is read from it."),
});

/** The text of values.schema.json: every field is there, since defaults are, and none that isn't named. Draft 7 is what each Helm from 3 on reads. */
export function valuesSchemaText(): string {
  return `${JSON.stringify(z.toJSONSchema(values, { target: "draft-7", io: "output" }), null, 2)}\n`;
}
