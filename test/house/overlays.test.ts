import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { webhookNames } from "../../src/tls/webhookNames.ts";
import { type DeploymentManifest, type Manifest, manifestsOf, objectsIn, ofKind } from "./manifests.ts";
import { textOf } from "./sources.ts";

/* What the overlays say must fit what they lie over. That each renders, test/lab/overlays.test.ts asks kubectl. */

interface Kustomization {
  resources: string[];
  patches?: Array<{ target: { kind: string; name: string }; patch: string }>;
}

const base = manifestsOf("manifests");
const overlay = (name: string) => parse(textOf(`manifests/overlays/${name}/kustomization.yaml`)) as Kustomization;

describe.each(["cert-manager", "enforce", "monitoring", "single-node"])("the overlay %s", (name) => {
  it("lies over the base, and each of its patches finds something", () => {
    const { resources, patches = [] } = overlay(name);
    expect(resources[0]).toBe("../../base");
    for (const { target } of patches) {
      const found = base.filter(({ kind, metadata }) => kind === target.kind && new RegExp(`^${target.name}$`).test(metadata.name));
      expect(found.length, target.name).toBeGreaterThan(0);
    }
  });
});

it("cert-manager writes the Secret that the webhook reads, for the name that kube-apiserver asks, and lives as long as Serin's own", () => {
  const issued = objectsIn("manifests/overlays/cert-manager/certificate.yaml");
  const certificates = ofKind<Manifest>(issued, "Certificate");
  const leaf = certificates.find(({ spec }) => spec["secretName"] === "serin-webhook-tls");
  expect(leaf?.spec["dnsNames"]).toEqual(webhookNames("serin-system").slice(0, 1));
  const config = overlay("cert-manager").patches?.find(({ target }) => target.kind === "MutatingWebhookConfiguration");
  expect(parse(config?.patch ?? "")).toMatchObject({
    metadata: { annotations: { "cert-manager.io/inject-ca-from": `serin-system/${leaf?.metadata.name}` } },
  });
  const certs = ofKind<DeploymentManifest>(base, "Deployment").find(({ metadata }) => metadata.name === "serin-certs");
  expect(certs?.spec.template.spec.containers[0]?.env).toContainEqual({ name: "SERIN_CERTS", value: "own" });
});
