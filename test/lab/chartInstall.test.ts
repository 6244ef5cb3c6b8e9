import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { workerHealth } from "./addresses.ts";
import { CHART } from "./byChart.ts";
import { answersOk } from "./httpAnswers.ts";
import { type Story, steps, tell } from "./story.ts";
import { marked, terminate } from "./uninstalled.ts";
import { until } from "./until.ts";

const system = "serin-system";
const inNamespace =
  "pods,deployments,services,serviceaccounts,roles,rolebindings,leases,secrets,configmaps,networkpolicies,poddisruptionbudgets";
const ofCluster = [
  ...["namespaces", "clusterroles", "clusterrolebindings", "priorityclasses", "mutatingwebhookconfigurations"],
  ...["mutatingadmissionpolicies", "mutatingadmissionpolicybindings", "validatingadmissionpolicies", "validatingadmissionpolicybindings"],
].join(",");

interface Stored {
  kind: string;
  metadata: { name: string; generation?: number; resourceVersion: string };
  spec?: unknown;
  webhooks?: Array<{ clientConfig: { caBundle?: string } }>;
}

/** Serin from the real `helm install`, every object as it is: kube-apiserver asks the webhook by its Service. */
describe("Serin by Helm", () => {
  let story: Story;
  beforeAll(async () => {
    story = await tell({ chart: true, without: ["prometheus"] });
  });
  afterAll(() => story?.stop());

  const helm = (...args: string[]) => story.type("helm", ...args, "--namespace", "default");

  it("is a release, with the way on in its notes", async () => {
    expect(await helm("status", "serin")).toMatchObject({ code: 0, stdout: expect.stringContaining("STATUS: deployed") });
    expect((await helm("get", "notes", "serin")).stdout).toContain("Serin 0.1.0 is in serin-system. Without a policy it does nothing.");
  });

  it("its pods are made where PodSecurity restricted is enforced", async () => {
    const plain = await story.type("kubectl", "run", "plain", "-n", system, "--image=plain:1");
    expect(plain).toMatchObject({ code: 1, stderr: expect.stringContaining('violates PodSecurity "restricted:latest"') });
    await story.kubectl("wait", "--for=condition=Available", "deploy", "--all", "-n", system, "--timeout=60s");
    expect(await story.kubectl("get", "events", "-n", system, "--field-selector", "reason=FailedCreate", "-o", "name")).toBe("");
  });

  it("holds an image change and promotes it", async () => {
    await story.shop({ replicas: 2 });
    await story.policy({ steps: steps([50, "1s"]), traffic: { settle: "500ms" } });
    const typed = await story.type("kubectl", "set", "image", "deploy/nginx", "nginx=nginx:1.24.0");
    expect(typed).toMatchObject({ code: 0, stderr: expect.stringContaining("serin: canary plan") });
    expect(await story.kubectl("get", "deploy", "nginx", "-o", "jsonpath={.spec.paused}")).toBe("true");
    expect((await story.ends("nginx:1.24.0")).status?.phase).toBe("Promoted");
  });

  it("an upgrade changes what its values change and nothing else: the leader leads on, the CAs are trusted", async () => {
    const before = await objects();
    expect(await helm("upgrade", "serin", CHART, "--set", "worker.replicas=3", "--set", "logLevel=debug")).toMatchObject({
      code: 0,
      stderr: "",
    });
    const after = await objects();
    const changed = [...after].filter(([name, one]) => told(one) !== told(before.get(name))).map(([name]) => name);
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
    expect(changed.sort()).toEqual(["Deployment/serin-certs", "Deployment/serin-webhook", "Deployment/serin-worker"]);
    const { spec } = after.get("Deployment/serin-worker") as { spec: { replicas: number } };
    expect(spec.replicas).toBe(3);
    const { webhooks = [] } = after.get("MutatingWebhookConfiguration/canary-serin") ?? {};
    expect(webhooks.map(({ clientConfig }) => typeof clientConfig.caBundle)).toEqual(["string", "string", "string", "string"]);
    expect(leader(after)).toEqual(leader(before));
  });

  it("uninstalled in the middle of a canary: stable serves, nothing of it is left but the kinds with what is written in them, and an image change is a plain rollout", async () => {
    const routes = () => story.kubectl("get", "virtualservices", "-o", "jsonpath={.items[*].spec}");
    const before = await routes();
    await story.policy({ steps: [{ setWeight: 50 }, { pause: {} }], traffic: { settle: "500ms" } });
    await inItsPod();
    await story.setImage("nginx:1.25.0");
    await story.planWhen("nginx:1.25.0", "at its gate", ({ status }) => status?.phase === "Paused");
    expect(await routes()).not.toBe(before);
    const uninstalled = helm("uninstall", "serin", "--wait", "--timeout", "90s");
    await until("Helm to delete the Deployments", async () => (await story.kubectl("get", "deploy", "-n", system, "-o", "name")) === "");
    await terminate(story.lab);
    expect(await uninstalled).toMatchObject({ code: 0 });
    await until("the namespace to be gone", async () => (await story.kubectl("get", "ns", "-o", "name")).includes(system) === false, 60);
    const left = (await story.kubectl("get", ofCluster, "-o", "name")).split("\n").filter((name) => name.includes("serin"));
    expect(left).toEqual([]);
    expect(await story.kubectl("get", "canarypolicies", "-o", "name")).toBe("canarypolicy.serin.dev/policy\n");
    expect((await story.plans()).map(({ status }) => status?.phase).sort()).toEqual(["Cancelled", "Promoted"]);
    expect(await routes()).toBe(before);
    expect(await marked(story)).toEqual([]);
    expect(await story.kubectl("get", "deploy", "nginx", "-o", "jsonpath={.spec.paused}")).toBe("");
    expect(await story.image()).toBe("nginx:1.24.0");
    expect(await story.type("kubectl", "set", "image", "deploy/nginx", "nginx=nginx:1.25.0")).toMatchObject({ code: 0, stderr: "" });
    expect((await story.rolloutStatus()).code).toBe(0);
  });

  it("installed again, it takes its kinds back", async () => {
    expect(await helm("install", "serin", CHART, "--wait")).toMatchObject({ code: 0 });
  });

  /** A worker that knows the name of its pod, as in a cluster: Helm deletes its Deployment some moments before anything says that Serin goes. */
  async function inItsPod(): Promise<void> {
    const pod = await story.kubectl(
      "get",
      "pods",
      "-n",
      system,
      "-l",
      "app.kubernetes.io/component=worker",
      "-o",
      "jsonpath={.items[0].metadata.name}",
    );
    const health = workerHealth(2);
    const ready = () => answersOk(`http://${health}/readyz`);
    await story.lab.processes.startBeside(
      "serin-worker-0",
      { name: "serin-worker-2", ready },
      { SERIN_POD_NAME: pod, SERIN_HEALTH: health },
    );
    for (const name of ["serin-worker-0", "serin-worker-1"]) await story.lab.processes.kill(name, "SIGTERM");
  }

  const leader = (of: Map<string, Stored>) => {
    const spec = of.get("Lease/serin-worker")?.spec as { holderIdentity?: string; leaseTransitions?: number } | undefined;
    return [spec?.holderIdentity, spec?.leaseTransitions];
  };

  /** Serin's own, by kind and name. */
  async function objects(): Promise<Map<string, Stored>> {
    const texts = await Promise.all([
      story.kubectl("get", inNamespace, "-n", system, "-o", "json"),
      story.kubectl("get", `${ofCluster},crds`, "-o", "json"),
    ]);
    const found = texts.flatMap((text) => (JSON.parse(text) as { items: Stored[] }).items);
    const own = found.filter(
      ({ kind, metadata }) => !["Pod", "ReplicaSet"].includes(kind) && (kind !== "Namespace" || metadata.name === system),
    );
    return new Map(own.filter(({ metadata }) => /serin/.test(metadata.name)).map((one) => [`${one.kind}/${one.metadata.name}`, one]));
  }

  /** What somebody else may change meanwhile is no upgrade's: the leader's Lease, counts in a status. */
  const told = (one: Stored | undefined): string =>
    JSON.stringify(
      one?.kind === "Lease"
        ? one.metadata.name
        : { ...one, status: undefined, metadata: { ...one?.metadata, resourceVersion: undefined, managedFields: undefined } },
    );
});
