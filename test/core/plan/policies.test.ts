import { expect, test } from "vitest";
import { apiVersion } from "../../../src/api/names.ts";
import { resources } from "../../../src/kube/resources.ts";
import { named } from "../../build/change.ts";
import { aPolicy, type PolicyInput, withSpec } from "../../build/policy.ts";
import { canaryImage, stableImage } from "../../build/story.ts";
import type { Cluster } from "../../fakes/cluster.ts";
import { quick } from "../../scenes/article.ts";
import { check, tell } from "../../scenes/tell.ts";

const third = "nginx:1.25.0";
const weights = (cluster: Cluster, from = 0) => cluster.mesh.weightsSeen.slice(from).map(({ weight }) => weight);

function addPolicy(cluster: Cluster, name: string, spec: Partial<PolicyInput>): void {
  const { spec: full } = aPolicy(named(name), withSpec({ ...quick(), ...spec }));
  cluster.server.create(resources.canarypolicies, { apiVersion, kind: "CanaryPolicy", metadata: { name }, spec: full });
}

test("a policy that is edited while its plan lives changes the next plan, not this one", async () => {
  const cluster = await tell({}, 6_000);
  cluster.users.editPolicy("default", ({ spec }) => {
    spec.steps = [{ setWeight: 5 }, { pause: { duration: "1s" } }];
    spec.onFailure = "Hold";
    spec.match.images = ["nginx"];
  });
  await cluster.runToEnd();
  expect(weights(cluster)).toEqual([0, 30, 60, 100]);
  expect(cluster.plan?.spec.policy).toMatchObject({ generation: 1, spec: { steps: quick().steps, onFailure: "Revert" } });
  const before = weights(cluster).length;
  cluster.users.setImage(third);
  await cluster.runToEnd();
  expect(weights(cluster, before)).toEqual([0, 5, 100]);
  expect(cluster.plan?.spec.policy?.spec.onFailure).toBe("Hold");
  expect(check(cluster, { phases: ["Promoted", "Promoted"], pods: { [third]: 4 } })).toEqual([]);
});

test("a policy that can't be read any more, as a newer Serin's, lets its plan go on; one that is deleted then cancels it", async () => {
  const withNewField = async () => {
    const cluster = await tell({}, 6_000);
    cluster.users.editPolicy("default", ({ spec }) => void Object.assign(spec, { ofTheFuture: true }));
    return cluster;
  };
  const cluster = await withNewField();
  await cluster.runToEnd();
  expect(check(cluster, { phases: ["Promoted"], pods: { [canaryImage]: 4 } })).toEqual([]);
  const deleted = await withNewField();
  await deleted.run(500);
  deleted.users.remove(resources.canarypolicies, "default");
  await deleted.runToEnd();
  expect(check(deleted, { phases: ["Cancelled"], pods: { [stableImage]: 4 } })).toEqual([]);
});

test("a policy that no longer matches the image, or the Deployment, lets its plan go on to the end", async () => {
  const cluster = await tell({}, 6_000);
  cluster.users.editPolicy("default", ({ spec }) => {
    spec.match.images = ["redis"];
    spec.match.deploymentSelector = { matchLabels: { no: "such" } };
  });
  await cluster.runToEnd();
  expect(check(cluster, { phases: ["Promoted"], pods: { [canaryImage]: 4 } })).toEqual([]);
});

test("a policy that goes first and comes in the middle of a plan is for the next change", async () => {
  const cluster = await tell({}, 6_000);
  addPolicy(cluster, "urgent", { priority: 10, steps: [{ setWeight: 50 }] });
  await cluster.runToEnd();
  expect(cluster.plan?.spec.policy?.name).toBe("default");
  cluster.users.setImage(third);
  await cluster.runToEnd();
  expect(cluster.plan?.spec.policy?.name).toBe("urgent");
  expect(check(cluster, { phases: ["Promoted", "Promoted"], pods: { [third]: 4 } })).toEqual([]);
});

test("the one of two matching policies that a plan does not follow may go without a trace", async () => {
  const cluster = await tell({ policy: quick({ priority: 10 }) }, 0);
  addPolicy(cluster, "other", {});
  await cluster.run(6_000);
  cluster.users.remove(resources.canarypolicies, "other");
  await cluster.runToEnd();
  expect(check(cluster, { phases: ["Promoted"], pods: { [canaryImage]: 4 } })).toEqual([]);
});

test("a policy that was suspended is for the next change again once it is not", async () => {
  const cluster = await tell({}, 6_000);
  const suspend = (value: boolean) =>
    cluster.users.editPolicy("default", ({ spec }) => {
      spec.suspend = value;
    });
  suspend(true);
  await cluster.runToEnd();
  expect(cluster.plan?.status).toMatchObject({ phase: "Cancelled", message: expect.stringContaining("policy default was suspended") });
  expect(cluster.running()).toEqual({ [stableImage]: 4 });
  suspend(false);
  cluster.users.setImage(canaryImage);
  await cluster.runToEnd();
  expect(check(cluster, { phases: ["Cancelled", "Promoted"], pods: { [canaryImage]: 4 } })).toEqual([]);
});

test("trigger Template: an environment variable is a canary, and under trigger Image it is none", async () => {
  const setEnv = (cluster: Cluster) =>
    cluster.users.editDeployment((draft) => {
      Object.assign(draft.spec?.template.spec?.containers[0] ?? {}, { env: [{ name: "MODE", value: "new" }] });
    }, "kubectl-edit");
  const cluster = await tell({ policy: quick({ trigger: "Template" }) }, 0, stableImage);
  setEnv(cluster);
  expect(cluster.users.lastAnswer?.reason).toBe("TemplateChanged");
  await cluster.runToEnd();
  expect(weights(cluster)).toEqual([0, 30, 60, 100]);
  expect(check(cluster, { phases: ["Promoted"], pods: { [stableImage]: 4 } })).toEqual([]);

  const plain = await tell({}, 0, stableImage);
  setEnv(plain);
  expect(plain.users.lastAnswer?.reason).toBe("NoPolicy");
  await plain.run(20_000);
  expect(plain.plans).toEqual([]);
});

test("an opt-out under a policy that forbids it: a canary; under one that allows it: a record and no canary", async () => {
  const optOut = (cluster: Cluster) =>
    cluster.users.editDeployment((draft) => {
      draft.metadata.annotations = { ...draft.metadata.annotations, "serin.dev/canary": "off" };
      Object.assign(draft.spec?.template.spec?.containers[0] ?? {}, { image: canaryImage });
    }, "kubectl-edit");
  const strict = await tell({ policy: quick({ optOut: "Forbid" }) }, 0, stableImage);
  optOut(strict);
  await strict.runToEnd();
  expect(check(strict, { phases: ["Promoted"], pods: { [canaryImage]: 4 } })).toEqual([]);

  const lax = await tell({}, 0, stableImage);
  optOut(lax);
  await lax.run(20_000);
  expect(lax.plan?.status).toMatchObject({ phase: "Bypassed", reason: "BypassOptOut", request: { fieldManager: "kubectl-edit" } });
  expect(lax.plan?.spec.request).toBeUndefined();
  expect(Object.keys(lax.deployment?.metadata.annotations ?? {}).filter((key) => key.includes("serin"))).toEqual(["serin.dev/canary"]);
  expect(lax.running()).toEqual({ [canaryImage]: 4 });
});
