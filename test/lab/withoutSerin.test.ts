import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { type Story, tell } from "./story.ts";
import { shopDeployment } from "./storyShop.ts";
import { applyAll, house, townPolicy } from "./storyTown.ts";
import { until } from "./until.ts";

/** What a cluster meets after a power cut: the configurations are in etcd, and nobody answers for them (kyverno#16177 was a deadlock of this kind). */
describe("the whole control plane comes up with Serin gone", () => {
  let story: Story;
  beforeAll(async () => {
    story = await tell({ without: ["prometheus", "istio"] });
    const policy = townPolicy("plain", { steps: [{ setWeight: 50 }, { pause: {} }], traffic: { withoutRoute: "Replicas" } });
    await applyAll(story, [policy, ...["web", "held"].flatMap((name) => house(name, { service: false }))]);
    await story.kubectl("wait", "--for=condition=Available", "deploy", "--all", "--timeout=60s");
    await story.setImage("held:2", "held");
    await story.planWhen("held:2", "at its gate", ({ status }) => status?.phase === "Paused");
    const { processes } = story.lab;
    for (const name of processes.names.filter((each) => each.startsWith("serin-"))) await processes.kill(name);
    await processes.kill("kube-controller-manager");
    await processes.kill("kube-apiserver");
    await processes.restart("kube-apiserver");
    await processes.restart("kube-controller-manager");
  });
  afterAll(() => story?.stop());

  it.each(["kube-system", "serin-system", "default"])("in %s Deployments and their pods can be created, and changed", async (namespace) => {
    const deployment = stringify(shopDeployment({ name: "fresh", replicas: 1, image: "fresh:1" }));
    const restricted = { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: "RuntimeDefault" } };
    const container = { securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } } };
    const own = stringify(
      shopDeployment({ name: "fresh", replicas: 1, image: "fresh:1", pod: { securityContext: restricted }, container }),
    );
    await until(
      "the namespace to be usable",
      async () => (await story.type("kubectl", "get", "serviceaccount", "default", "-n", namespace)).code === 0,
    );
    await story.lab.apply(
      (namespace === "serin-system" ? own : deployment).replace("metadata:\n", `metadata:\n  namespace: ${namespace}\n`),
    );
    await story.kubectl("wait", "--for=condition=Available", "deploy/fresh", "-n", namespace, "--timeout=60s");
    await story.kubectl("set", "image", "deploy/fresh", "-n", namespace, "nginx=fresh:2");
    expect((await story.type("kubectl", "rollout", "status", "deploy/fresh", "-n", namespace, "--timeout=60s")).code).toBe(0);
  });

  it("what was held goes on serving stable, with all its pods", async () => {
    expect(await story.kubectl("get", "deploy", "held", "-o", "jsonpath={.spec.paused} {.status.availableReplicas}")).toBe("true 2");
  });

  it("and once Serin is back the plan goes on from its gate", async () => {
    const { processes } = story.lab;
    for (const name of processes.names.filter((each) => each.startsWith("serin-"))) await processes.restart(name);
    // The webhook's endpoint answers before its caches are full: resume again until the approval is taken.
    await until(
      "the gate to be approved",
      async () => (await story.type("kubectl", "rollout", "resume", "deploy/held")).stderr.includes("approved"),
      60,
    );
    expect((await story.ends("held:2")).status?.phase).toBe("Promoted");
  });
});
