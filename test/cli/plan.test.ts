import { expect, test } from "vitest";
import { stringify } from "yaml";
import { z } from "zod";
import type { Change } from "../build/change.ts";
import { labelled } from "../build/change.ts";
import {
  aDeployment,
  type DeploymentDraft,
  withDeploymentSpec,
  withDeploymentStatus,
  withImage,
  withReplicas,
} from "../build/deployment.ts";
import { aPolicy, withSpec } from "../build/policy.ts";
import { aVirtualService } from "../build/virtualService.ts";
import { textOf } from "../house/sources.ts";
import { serin, type World } from "./terminal.ts";

const service = (name: string) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace: "shop", uid: name },
  spec: { selector: { app: "nginx" }, ports: [{ port: 80, name: "http" }] },
});
const space = { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop", labels: { team: "a" } } };
const named =
  (name: string): Change<DeploymentDraft> =>
  ({ metadata }) =>
    void Object.assign(metadata, { name, uid: name });
const house = (name: string, ...changes: ReadonlyArray<Change<DeploymentDraft>>) => aDeployment(named(name), ...changes);
const world: World = [
  space,
  service("nginx"),
  aVirtualService(),
  house("nginx"),
  house("once", withDeploymentSpec({ strategy: { type: "Recreate" } })),
  house("idle", withReplicas(0), withDeploymentStatus({ availableReplicas: 0 })),
  house("other", withImage("caddy:2")),
];
const files = {
  "policy.yaml": stringify(aPolicy(withSpec({ match: { images: ["nginx"], namespaceSelector: {}, deploymentSelector: {} } }))),
};

test("which Deployments it would catch, and what is in the way", async () => {
  const { out, err, code } = await serin("plan -f policy.yaml -o wide", [world], { files });
  expect({ err, code }).toEqual({ err: "", code: 2 });
  expect(out).toMatchInlineSnapshot(`
    "DEPLOYMENT   CONTAINERS   POLICY    ANSWER                     BY                  STEPS
    nginx        nginx        default   Held: ImageChanged         weight, pod count   setWeight 30 → pause 30s → setWeight 60 → pause 30s → promote
    once         nginx        default   Bypassed: BypassRecreate                       setWeight 30 → pause 30s → setWeight 60 → pause 30s → promote
    idle         nginx        default   Bypassed: BypassNoStable                       setWeight 30 → pause 30s → setWeight 60 → pause 30s → promote

    once: no canary: strategy Recreate never runs two versions at once; rolls out as usual
    idle: no canary: spec.replicas is 0; rolls out as usual
    policy default has no analysis all along: its steps go by time alone
    1 of 4 Deployments would get a canary of the next image change
    "
  `);
});

test("a policy of the cluster with a higher priority keeps what it has; the file's own takes its namesake's place", async () => {
  const strong = aPolicy(labelled({}), withSpec({ priority: 9 }));
  strong.metadata.name = "strong";
  const none = await serin("plan -f policy.yaml", [[...world, strong]], { files });
  expect(none.out).toContain("0 of 4 Deployments would get a canary of the next image change\n");
  const suspended = aPolicy(withSpec({ suspend: true }));
  expect((await serin("plan -f policy.yaml", [[...world, suspended]], { files })).out).toContain("\n1 of 4 Deployments");
});

test("-o json is what the schema publishes", async () => {
  const published = z.fromJSONSchema(JSON.parse(textOf("src/cli/output/schema.json")) as Parameters<typeof z.fromJSONSchema>[0]);
  const { out } = await serin("plan -f policy.yaml -o json", [world], { files });
  expect(published.safeParse(JSON.parse(out)).success).toBe(true);
});

test.each([
  ["kind: Deployment", "no CanaryPolicy is in there"],
  [stringify({ apiVersion: "serin.dev/v1alpha1", kind: "CanaryPolicy", metadata: { name: "bad" }, spec: {} }), "can't use policy bad"],
])("a file that has none, or a broken one, is a mistake", async (text, says) => {
  const { err, code } = await serin("plan -f policy.yaml", [world], { files: { "policy.yaml": text } });
  expect(err).toContain(says);
  expect(code).toBe(1);
});
