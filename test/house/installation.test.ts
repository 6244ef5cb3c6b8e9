import { describe, expect, it, test } from "vitest";
import { parse } from "yaml";
import { violations } from "../core/sidecars/podSecurity.ts";
import { type ContainerPort, type DeploymentManifest, type Manifest, manifestsOf, ofKind, selects } from "./manifests.ts";
import { textOf, trackedFiles } from "./sources.ts";

/* What `kubectl apply -k manifests/` installs, read as it is written. test/lab/install.test.ts asks a real kube-apiserver. */

const manifests = manifestsOf("manifests");
const deployments = ofKind<DeploymentManifest>(manifests, "Deployment");
const containersOf = ({ spec }: DeploymentManifest) => spec.template.spec.containers;
const portsOf = (deployment: DeploymentManifest) => containersOf(deployment).flatMap(({ ports }) => ports as ContainerPort[]);
const component = ({ metadata }: Manifest) => metadata.labels?.["app.kubernetes.io/component"] ?? metadata.name;

test("every manifest is installed, but for the examples; the chart's are made from these", () => {
  const roots = ["base", "crd", "rbac", "admission", "overlays/cert-manager", "overlays/enforce", "monitoring"];
  const installed = roots.flatMap((root) =>
    (parse(textOf(`manifests/${root}/kustomization.yaml`)) as { resources: string[] }).resources
      .filter((name) => name.endsWith(".yaml"))
      .map((name) => `manifests/${root}/${name}`),
  );
  const files = trackedFiles().filter((file) => /^manifests\/(?!examples\/|helm\/).*(?<!kustomization)\.yaml$/.test(file));
  expect(installed.sort()).toEqual(files.sort());
});

describe.each(deployments.map((deployment) => [component(deployment), deployment] as const))("%s", (_name, deployment) => {
  const { template, selector } = deployment.spec;

  it("is a pod that PodSecurity restricted admits, and that can't write to its own disk", () => {
    expect(violations(template)).toEqual([]);
    for (const { securityContext } of containersOf(deployment)) expect(securityContext).toMatchObject({ readOnlyRootFilesystem: true });
    expect(template.spec.securityContext?.runAsUser).toBeGreaterThanOrEqual(10_000);
    expect(template.spec.volumes).toBeUndefined();
  });

  it("is not part of the mesh that it steers", () => {
    expect(template.metadata.labels?.["sidecar.istio.io/inject"]).toBe("false");
  });

  it("asks for what it needs, has as much memory as it asks for, and is asked how it is", () => {
    for (const { resources, livenessProbe, readinessProbe } of containersOf(deployment)) {
      const { requests, limits } = resources as Record<string, Record<string, string>>;
      expect(requests).toEqual({ cpu: expect.any(String), memory: expect.any(String) });
      // No CPU limit: throttled, a webhook misses its 3 s and a worker its Lease.
      expect(limits).toEqual({ memory: requests?.["memory"] });
      expect(livenessProbe).toMatchObject({ httpGet: { path: "/healthz", port: "health" } });
      expect(readinessProbe).toMatchObject({ httpGet: { path: "/readyz", port: "health" } });
    }
  });

  it("selects its own pods and no other's, and its PriorityClass is installed too", () => {
    const selected = deployments.filter((other) => selects(selector.matchLabels, other.spec.template.metadata.labels));
    expect(selected).toEqual([deployment]);
    expect(ofKind(manifests, "PriorityClass").map(({ metadata }) => metadata.name)).toContain(template.spec["priorityClassName"]);
  });

  it("with more than one replica: a node or a rollout takes one at a time, and they are spread", () => {
    const budgets = ofKind(manifests, "PodDisruptionBudget").filter(({ spec }) =>
      selects((spec["selector"] as { matchLabels: Record<string, string> }).matchLabels, template.metadata.labels),
    );
    const spread = (template.spec["topologySpreadConstraints"] ?? []) as Array<{ labelSelector: unknown }>;
    if (deployment.spec.replicas === 1) {
      expect([budgets, spread]).toEqual([[], []]);
      return;
    }
    expect(budgets).toHaveLength(1);
    expect(budgets[0]?.spec).toMatchObject({ maxUnavailable: 1, selector });
    expect(deployment.spec["strategy"]).toEqual({ rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } });
    expect(spread).toMatchObject(["kubernetes.io/hostname", "topology.kubernetes.io/zone"].map((topologyKey) => ({ topologyKey })));
    for (const { labelSelector } of spread) expect(labelSelector).toEqual(selector);
  });
});

interface Rule {
  ports: Array<{ port: number | string; protocol: string }>;
}
interface Policy extends Manifest {
  spec: { podSelector: { matchLabels?: Record<string, string> }; policyTypes: string[]; ingress?: Rule[]; egress?: Rule[] };
}

describe("the network", () => {
  const policies = ofKind<Policy>(manifests, "NetworkPolicy");
  const forPod = ({ spec }: DeploymentManifest) =>
    policies.filter((policy) => selects(policy.spec.podSelector.matchLabels ?? {}, spec.template.metadata.labels));
  const open = (rules: Rule[]) => rules.flatMap(({ ports }) => ports.map(({ port }) => port)).sort();

  it("is closed to whatever is not named, in both directions", () => {
    const all = policies.find(({ metadata }) => metadata.name === "default-deny");
    expect(all?.spec).toEqual({ podSelector: {}, policyTypes: ["Ingress", "Egress"] });
    for (const { spec } of policies)
      for (const { ports } of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) expect(ports.length).toBeGreaterThan(0);
  });

  it("lets in what the containers listen on and nothing else, by the port's name", () => {
    for (const deployment of deployments)
      expect(open(forPod(deployment).flatMap(({ spec }) => spec.ingress ?? []))).toEqual(
        portsOf(deployment)
          .map(({ name }) => name)
          .sort(),
      );
  });

  it("lets out names, kube-apiserver, and the worker to Prometheus and those who are told", () => {
    const out = deployments.map((deployment) => [component(deployment), open(forPod(deployment).flatMap(({ spec }) => spec.egress ?? []))]);
    const cluster = [443, 53, 53, 6443];
    expect(Object.fromEntries(out)).toEqual({ certs: cluster, webhook: cluster, worker: [4318, 443, 443, 53, 53, 6443, 9090, 9093] });
    const worker = deployments.find((deployment) => component(deployment) === "worker");
    const env = worker ? (containersOf(worker)[0]?.env ?? []) : [];
    expect(new URL(String(env.find(({ name }) => name === "SERIN_PROMETHEUS")?.["value"])).port).toBe("9090");
  });

  it("a Service leads to a port of the pods that it selects, and what the webhook configuration names is one", () => {
    const services = ofKind(manifests, "Service");
    for (const { spec } of services) {
      const { selector, ports } = spec as { selector: Record<string, string>; ports: Array<{ port: number; targetPort: string }> };
      const behind = deployments.filter((deployment) => selects(selector, deployment.spec.template.metadata.labels));
      expect(behind).toHaveLength(1);
      for (const { targetPort } of ports) expect(behind.flatMap(portsOf).map(({ name }) => name)).toContain(targetPort);
    }
    const configured = ofKind<Manifest & { webhooks: Array<{ clientConfig: { service: { name: string; port: number } } }> }>(
      manifests,
      "MutatingWebhookConfiguration",
    ).flatMap(({ webhooks }) => webhooks.map(({ clientConfig }) => `${clientConfig.service.name}:${clientConfig.service.port}`));
    const there = services.flatMap(({ metadata, spec }) =>
      (spec["ports"] as Array<{ port: number }>).map(({ port }) => `${metadata.name}:${port}`),
    );
    expect(there).toEqual(expect.arrayContaining(configured));
  });

  it("the containers listen where their settings say", () => {
    for (const deployment of deployments) {
      const env = new Map(containersOf(deployment).flatMap(({ env: list = [] }) => list.map(({ name, value }) => [name, String(value)])));
      const named = Object.fromEntries(portsOf(deployment).map(({ name, containerPort }) => [name, `${containerPort}`]));
      expect(env.get("SERIN_HEALTH")?.split(":").at(-1)).toBe(named["health"]);
      expect(env.get("SERIN_LISTEN")?.split(":").at(-1)).toBe(named["reviews"]);
    }
  });
});
