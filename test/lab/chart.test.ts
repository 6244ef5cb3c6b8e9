import { readdirSync } from "node:fs";
import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { violations } from "../core/sidecars/podSecurity.ts";
import { type DeploymentManifest, type Manifest, manifestsOf, ofKind } from "../house/manifests.ts";
import { textOf } from "../house/sources.ts";
import { Charts } from "./charts.ts";
import { ensureParts } from "./parts/ensureParts.ts";

/* The real helm and the real kubectl, each on its own; no lab is started. */

const named = ({ kind, metadata }: Manifest) => `${kind}/${metadata.name}`;
const byName = (manifests: readonly Manifest[]) => Object.fromEntries(manifests.map((manifest) => [named(manifest), manifest]));

/** What the chart adds to a definition, so that `helm uninstall` keeps it; kubectl has nothing of the kind. */
const kept = (manifest: Manifest): Manifest =>
  manifest.kind === "CustomResourceDefinition"
    ? { ...manifest, metadata: { ...manifest.metadata, annotations: { "helm.sh/resource-policy": "keep" } } as Manifest["metadata"] }
    : manifest;

/**
 * kubectl folds long texts anew, and puts an empty line before one that is indented deeper: white space of CEL. And it writes what a patch changes in
 * a list of names to the list's front.
 */
const settled = (manifest: Manifest): Manifest =>
  JSON.parse(
    JSON.stringify(manifest, (key, value: unknown) => {
      if (typeof value === "string") return value.replaceAll(/\s+/g, " ");
      if (key !== "env" || !Array.isArray(value)) return value;
      return (value as Array<{ name: string }>).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    }),
  ) as Manifest;

describe("the chart", () => {
  let charts: Charts;
  let base: Record<string, Manifest>;
  beforeAll(async () => {
    await ensureParts();
    charts = await Charts.begin();
    base = byName(await template());
  });
  afterAll(() => charts?.end());

  const template = async (values: unknown = {}) => charts.template(await charts.values(values));
  const changed = async (values: unknown) => {
    const after = byName(await template(values));
    return Object.keys({ ...base, ...after })
      .filter((name) => JSON.stringify(base[name]) !== JSON.stringify(after[name]))
      .map((name) => [name, after[name]] as const);
  };
  const deployment = async (values: unknown, name: string) =>
    ofKind<DeploymentManifest>(await template(values), "Deployment").find(({ metadata }) => metadata.name === name)?.spec;

  it("renders to the manifests as they are written, object by object", async () => {
    const written = manifestsOf("manifests").map((manifest) =>
      kept(JSON.parse(JSON.stringify(manifest).replace('"image":"serin"', '"image":"serin:0.1.0"')) as Manifest),
    );
    expect(base).toEqual(byName(written));
  });

  const overlays = readdirSync(join(import.meta.dirname, "../../manifests/overlays"));
  it.each(overlays)("with the values of ci/%s-values.yaml renders to that overlay", async (overlay) => {
    const helm = await charts.template(join("manifests/helm/ci", `${overlay}-values.yaml`));
    expect(byName(helm.map(settled))).toEqual(byName((await charts.kustomize(`manifests/overlays/${overlay}`)).map(kept).map(settled)));
  });

  it("renders to what kubectl applies of the base, its image included", async () => {
    expect(byName(Object.values(base).map(settled))).toEqual(byName((await charts.kustomize("manifests")).map(kept).map(settled)));
  });

  it("has values for each overlay and no other", () => {
    const files = readdirSync(join(import.meta.dirname, "../../manifests/helm/ci"));
    expect(files.sort()).toEqual(overlays.map((overlay) => `${overlay}-values.yaml`).sort());
  });

  it("passes helm lint, with its own values and those of each overlay", async () => {
    for (const values of [undefined, ...overlays.map((overlay) => `manifests/helm/ci/${overlay}-values.yaml`)])
      expect(await charts.lint(values)).toMatchObject({ code: 0, stdout: expect.stringContaining("1 chart(s) linted, 0 chart(s) failed") });
  });

  it("is of this release, and says so in its image", async () => {
    const { version } = JSON.parse(textOf("package.json")) as { version: string };
    expect(parse(textOf("manifests/helm/Chart.yaml"))).toMatchObject({ version, appVersion: version });
    for (const { spec } of ofKind<DeploymentManifest>(await template(), "Deployment"))
      expect(spec.template.spec.containers.map(({ image }) => image)).toEqual([`serin:${version}`]);
  });

  it("an image by digest, from a registry that asks for credentials", async () => {
    const digest = `sha256:${"0a".repeat(32)}`;
    const image = { repository: "registry.example:5000/ops/serin", digest, pullPolicy: "Always", pullSecrets: [{ name: "registry" }] };
    const spec = (await deployment({ image }, "serin-webhook"))?.template.spec;
    expect(spec?.containers[0]).toMatchObject({ image: `registry.example:5000/ops/serin@${digest}`, imagePullPolicy: "Always" });
    expect(spec?.["imagePullSecrets"]).toEqual([{ name: "registry" }]);
  });

  it("places pods where it is told, and they are restricted still", async () => {
    const place = {
      nodeSelector: { pool: "infra" },
      tolerations: [{ key: "infra", operator: "Exists", effect: "NoSchedule" }],
      affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
    };
    const given = { ...place, podAnnotations: { team: "ops" }, resources: { requests: { cpu: 1, memory: "300Mi" } } };
    for (const component of ["certs", "webhook", "worker"]) {
      const changes = await changed({ [component]: given });
      expect(changes.map(([name]) => name)).toEqual([`Deployment/serin-${component}`]);
      const [pod] = changes.map(([, manifest]) => (manifest as DeploymentManifest).spec.template);
      if (pod === undefined) throw new Error("no pod");
      expect(pod.spec).toMatchObject({ ...place, containers: [{ resources: given.resources }] });
      expect(pod.metadata).toMatchObject({ annotations: { team: "ops" }, labels: { "sidecar.istio.io/inject": "false" } });
      expect(violations(pod)).toEqual([]);
    }
  });

  it("another Prometheus: the worker asks it, is let out to its port, and may read its Secrets", async () => {
    const changes = await changed({
      prometheus: { address: "https://metrics.example/prom", secret: "thanos", moreSecrets: ["eu", "thanos"] },
    });
    expect(changes.map(([name]) => name).sort()).toEqual(["Deployment/serin-worker", "NetworkPolicy/prometheus", "Role/serin-worker"]);
    const text = Object.fromEntries(changes.map(([name, manifest]) => [name, JSON.stringify(manifest)]));
    expect(text["Deployment/serin-worker"]).toContain('{"name":"SERIN_PROMETHEUS","value":"https://metrics.example/prom"}');
    expect(text["Deployment/serin-worker"]).toContain('{"name":"SERIN_PROMETHEUS_SECRET","value":"thanos"}');
    expect(text["NetworkPolicy/prometheus"]).toContain('"egress":[{"ports":[{"protocol":"TCP","port":443}]}]');
    expect(text["Role/serin-worker"]).toContain('"resourceNames":["thanos","eu"],"verbs":["get"]');
  });

  it("who is told, and where traces go: the worker may read their Secrets, and has the address", async () => {
    const changes = await changed({ notifications: { moreSecrets: ["pager"] }, tracing: { endpoint: "http://otel.example:4318" } });
    const text = Object.fromEntries(changes.map(([name, manifest]) => [name, JSON.stringify(manifest)]));
    expect(Object.keys(text).sort()).toEqual(["Deployment/serin-worker", "Role/serin-worker"]);
    expect(text["Role/serin-worker"]).toContain('{"apiGroups":[""],"resources":["secrets"],"resourceNames":["pager"],"verbs":["get"]}');
    expect(text["Deployment/serin-worker"]).toContain('{"name":"OTEL_EXPORTER_OTLP_ENDPOINT","value":"http://otel.example:4318"}');
  });

  it("a network of one's own", async () => {
    const peer = { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } };
    const egress = { to: [{ ipBlock: { cidr: "10.0.0.0/8" } }], ports: [{ port: 9091 }] };
    const changes = byName(
      (await changed({ networkPolicy: { metricsFrom: [peer], apiServerPorts: [8443], extraEgress: [egress] } })).map(
        ([, it]) => it as Manifest,
      ),
    );
    expect(Object.keys(changes).sort()).toEqual(["NetworkPolicy/cluster", "NetworkPolicy/metrics", "NetworkPolicy/prometheus"]);
    expect(changes["NetworkPolicy/metrics"]?.spec["ingress"]).toMatchObject([{ from: [peer] }]);
    expect(changes["NetworkPolicy/cluster"]?.spec["egress"]).toMatchObject([{}, { ports: [{ protocol: "TCP", port: 8443 }] }]);
    expect(changes["NetworkPolicy/prometheus"]?.spec["egress"]).toMatchObject([{ ports: [{ port: 9090 }] }, egress]);
    // Slack and the like are on the Internet wherever kube-apiserver listens.
    expect(base["NetworkPolicy/receivers"]?.spec["egress"]).toMatchObject([{ ports: [{ port: 443 }, { port: 9093 }, { port: 4318 }] }]);
  });

  it.each<[string, unknown, string[]]>([
    ["no network policies", { networkPolicy: { enabled: false } }, ["NetworkPolicy"]],
    ["no budgets", { podDisruptionBudget: { enabled: false } }, ["PodDisruptionBudget"]],
    ["no definitions", { crds: { install: false } }, ["CustomResourceDefinition"]],
    ["no namespace", { namespace: { create: false } }, ["Namespace"]],
  ])("%s: these are gone and nothing else is another", async (_, values, kinds) => {
    const changes = await changed(values);
    expect(changes.every(([, manifest]) => manifest === undefined)).toBe(true);
    expect([...new Set(changes.map(([name]) => name.split("/")[0]))]).toEqual(kinds);
  });

  it("a priority class of the cluster's: every pod has it, and none is made", async () => {
    const values = { priorityClass: { create: false, name: "system-cluster-critical" } };
    const manifests = await template(values);
    expect(ofKind(manifests, "PriorityClass")).toEqual([]);
    const classes = ofKind<DeploymentManifest>(manifests, "Deployment").map(({ spec }) => spec.template.spec["priorityClassName"]);
    expect(new Set(classes)).toEqual(new Set(["system-cluster-critical"]));
  });

  it("definitions that go with the chart, when that is wished for", async () => {
    const manifests = ofKind(await template({ crds: { keep: false } }), "CustomResourceDefinition");
    expect(manifests.map(({ metadata }) => Object.hasOwn(metadata, "annotations"))).toEqual([false, false, false, false]);
  });

  it("a level of logging for all three programs, and certificates that somebody else provides", async () => {
    const values = { logLevel: "debug", certificates: { mode: "provided" } };
    const deployments = ofKind<DeploymentManifest>(await template(values), "Deployment");
    for (const { spec } of deployments)
      expect(spec.template.spec.containers[0]?.env).toContainEqual({ name: "SERIN_LOG_LEVEL", value: "debug" });
    expect(JSON.stringify(deployments)).toContain('{"name":"SERIN_CERTS","value":"provided"}');
    expect((await template(values)).filter(({ apiVersion }) => apiVersion.startsWith("cert-manager.io"))).toEqual([]);
  });

  it("labels by which an operator picks what is for it", async () => {
    const labels = { release: "kube-prometheus-stack" };
    const on = { enabled: true, labels };
    const manifests = await template({
      serviceMonitor: { ...on, interval: "30s" },
      prometheusRule: on,
      dashboard: { enabled: true, labels: { home: "yes" } },
    });
    const own = { "app.kubernetes.io/name": "serin" };
    expect(ofKind(manifests, "ServiceMonitor")).toMatchObject([
      { metadata: { labels: { ...own, ...labels } }, spec: { endpoints: [{ interval: "30s" }] } },
    ]);
    expect(ofKind(manifests, "PrometheusRule")).toMatchObject([{ metadata: { labels: { ...own, ...labels } } }]);
    expect(ofKind(manifests, "ConfigMap")).toMatchObject([{ metadata: { labels: { ...own, home: "yes" } } }]);
  });

  it("in a chart of charts, switched by a condition; a class whose name looks like a number keeps it", async () => {
    const whole = join(charts.dir, "whole");
    await cp(charts.chart, join(whole, "charts", "serin"), { recursive: true });
    const dependencies = [{ name: "serin", version: "0.1.0", condition: "serin.enabled" }];
    await writeFile(join(whole, "Chart.yaml"), stringify({ apiVersion: "v2", name: "whole", version: "1.0.0", dependencies }));
    const rendered = async (enabled: boolean) =>
      charts.typed("template", "whole", whole, "-f", await charts.values({ serin: { enabled, priorityClass: { name: "123" } } }));
    expect(await rendered(true)).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining('priorityClassName: "123"\n') });
    expect(await rendered(false)).toMatchObject({ code: 0, stdout: expect.not.stringContaining("kind:") });
  });

  it.each<[unknown, string]>([
    [{ replicas: 3 }, "additional properties 'replicas' not allowed"],
    [{ webhook: { replicas: 0 } }, "at '/webhook/replicas': minimum: got 0, want 1"],
    [{ worker: { replicas: "2" } }, "at '/worker/replicas': got string, want integer"],
    [{ worker: { replicas: null } }, "at '/worker': missing property 'replicas'"],
    [{ certs: { replicas: 2 } }, "at '/certs': additional properties 'replicas' not allowed"],
    [{ image: { repository: "serin:1" } }, "at '/image/repository': 'serin:1' does not match pattern"],
    [{ image: { tag: "v 1" } }, "at '/image/tag': 'v 1' does not match pattern"],
    [{ image: { digest: "sha256:abc" } }, "at '/image/digest': 'sha256:abc' does not match pattern"],
    [{ image: { pullPolicy: "Sometimes" } }, "at '/image/pullPolicy': value must be one of '', 'Always', 'IfNotPresent', 'Never'"],
    [{ image: { pullSecrets: ["registry"] } }, "at '/image/pullSecrets/0': got string, want object"],
    [{ logLevel: "loud" }, "at '/logLevel': value must be one of 'trace', 'debug', 'info', 'warn', 'error'"],
    [{ certificates: { mode: "selfsigned" } }, "at '/certificates/mode': value must be one of 'self', 'cert-manager', 'provided'"],
    [{ prometheus: { address: "prometheus:9090" } }, "at '/prometheus/address': 'prometheus:9090' does not match pattern"],
    [{ prometheus: { address: "http://me:secret@prometheus" } }, "does not match pattern"],
    [{ tracing: { endpoint: "otel:4318" } }, "at '/tracing/endpoint': 'otel:4318' does not match pattern"],
    [{ webhook: { resources: { limits: { memory: "much" } } } }, "at '/webhook/resources/limits/memory'"],
    [{ webhook: { resources: { request: {} } } }, "at '/webhook/resources': additional properties 'request' not allowed"],
    [{ worker: { tolerations: [{ effect: "NoEntry" }] } }, "at '/worker/tolerations/0/effect': value must be one of"],
    [{ networkPolicy: { apiServerPorts: [] } }, "at '/networkPolicy/apiServerPorts': minItems: got 0, want 1"],
    [{ networkPolicy: { apiServerPorts: [65_536] } }, "at '/networkPolicy/apiServerPorts/0': maximum: got 65,536, want 65,535"],
    [{ networkPolicy: { extraEgress: [{ from: [] }] } }, "additional properties 'from' not allowed"],
    [{ serviceMonitor: { enabled: "yes" } }, "at '/serviceMonitor/enabled': got string, want boolean"],
    [{ serviceMonitor: { interval: "15" } }, "at '/serviceMonitor/interval': '15' does not match pattern"],
  ])("refuses %j", async (values, says) => {
    const file = await charts.values(values);
    expect(await charts.typed("template", "serin", charts.chart, "-f", file)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(says),
    });
  });

  it("helm lint refuses them too", async () => {
    const file = await charts.values({ replicas: 3, webhook: { replicas: 0 } });
    const { code, stdout, stderr } = await charts.lint(file);
    expect(code).toBe(1);
    for (const says of ["additional properties 'replicas' not allowed", "minimum: got 0, want 1"]) expect(stdout + stderr).toContain(says);
  });

  it("refuses a Kubernetes that is too old for what holds a Deployment without a webhook", async () => {
    expect(await charts.typed("template", "serin", charts.chart, "--kube-version", "v1.35.4")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("chart requires kubeVersion: >=1.36.0-0 which is incompatible with Kubernetes v1.35.4"),
    });
  });
});
