import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { violations } from "../core/sidecars/podSecurity.ts";
import { type DeploymentManifest, type Manifest, manifestsOf, ofKind } from "../house/manifests.ts";
import { textOf } from "../house/sources.ts";
import { CHECKOUT } from "./labEnvironment.ts";
import { ensureParts, partFile } from "./parts/ensureParts.ts";

const run = promisify(execFile);

/* kubectl alone; no lab is started. */
async function render(folder: string): Promise<Manifest[]> {
  const { stdout } = await run(await partFile("kubectl"), ["kustomize", join(CHECKOUT, "manifests", folder)], { maxBuffer: 1 << 26 });
  return parseAllDocuments(stdout).map((document) => document.toJS() as Manifest);
}

const named = ({ kind, metadata }: Manifest) => `${kind}/${metadata.name}`;
const deployment = (manifests: readonly Manifest[], name: string) =>
  ofKind<DeploymentManifest>(manifests, "Deployment").find(({ metadata }) => metadata.name === name);

describe("what kubectl renders", () => {
  let base: Manifest[];
  beforeAll(async () => {
    await ensureParts();
    base = await render("");
  });

  /** Objects that the overlay adds, and those of the base that it changes. */
  async function changes(folder: string) {
    const rendered = await render(`overlays/${folder}`);
    const before = new Map(base.map((manifest) => [named(manifest), JSON.stringify(manifest)]));
    expect(base.map(named).filter((name) => !rendered.some((manifest) => named(manifest) === name))).toEqual([]);
    for (const { spec } of ofKind<DeploymentManifest>(rendered, "Deployment")) expect(violations(spec.template)).toEqual([]);
    return {
      rendered,
      added: rendered.map(named).filter((name) => !before.has(name)),
      changed: rendered
        .filter((manifest) => before.get(named(manifest)) !== JSON.stringify(manifest) && before.has(named(manifest)))
        .map(named),
    };
  }

  it("of the base: every object as it is written, with the image of this release", () => {
    const written = manifestsOf("manifests");
    expect(base.map(named).sort()).toEqual(written.map(named).sort());
    for (const { spec } of ofKind<DeploymentManifest>(base, "Deployment"))
      expect(spec.template.spec.containers.map(({ image }) => image)).toEqual(["serin:0.1.0"]);
  });

  it("of cert-manager: certificates that it issues, a configuration that it fills in, and nobody else who makes any", async () => {
    const { rendered, added, changed } = await changes("cert-manager");
    expect(added.sort()).toEqual([
      "Certificate/serin-webhook",
      "Certificate/serin-webhook-authority",
      "Issuer/serin-webhook",
      "Issuer/serin-webhook-selfsigned",
    ]);
    expect(changed.sort()).toEqual(["Deployment/serin-certs", "MutatingWebhookConfiguration/canary-serin"]);
    const env = deployment(rendered, "serin-certs")?.spec.template.spec.containers[0]?.env;
    expect(env?.filter(({ name }) => name === "SERIN_CERTS")).toEqual([{ name: "SERIN_CERTS", value: "provided" }]);
    expect(env?.map(({ name }) => name)).toEqual(expect.arrayContaining(["SERIN_NAMESPACE", "SERIN_HEALTH"]));
  });

  it("of single-node: one replica of each, wherever it fits", async () => {
    const { rendered, added, changed } = await changes("single-node");
    expect([added, changed]).toEqual([[], ["Deployment/serin-webhook", "Deployment/serin-worker"]]);
    for (const name of ["serin-certs", "serin-webhook", "serin-worker"]) {
      const spec = deployment(rendered, name)?.spec;
      expect([spec?.replicas, spec?.template.spec["topologySpreadConstraints"]]).toEqual([1, undefined]);
    }
  });

  it("of enforce: one more policy, and nothing else is another", async () => {
    const { added, changed } = await changes("enforce");
    expect([added.sort(), changed]).toEqual([
      ["MutatingAdmissionPolicy/new-namespaces.serin.dev", "MutatingAdmissionPolicyBinding/new-namespaces.serin.dev"],
      [],
    ]);
  });

  it("of monitoring: what the operator and Grafana pick up, and nothing else is another", async () => {
    const { rendered, added, changed } = await changes("monitoring");
    expect([added.sort(), changed]).toEqual([
      ["ConfigMap/serin-dashboard", "PrometheusRule/serin", "Service/serin-metrics", "ServiceMonitor/serin"],
      [],
    ]);
    const config = rendered.find((manifest) => named(manifest) === "ConfigMap/serin-dashboard") as Manifest & {
      data: Record<string, string>;
    };
    expect(config.metadata).toMatchObject({ namespace: "serin-system", labels: { grafana_dashboard: "1" } });
    expect(JSON.parse(config.data["serin.json"] ?? "")).toEqual(JSON.parse(textOf("manifests/monitoring/dashboard.json")));
  });
});
