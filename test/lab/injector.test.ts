import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { INJECTOR, setInjector } from "./injector.ts";
import { asList } from "./kubectl.ts";
import type { ContainerStatus, Pod } from "./kubelet/pod.ts";
import { type Lab, startLab } from "./lab.ts";
import { shopDeployment, shopObjects } from "./storyShop.ts";
import { until } from "./until.ts";

const MESHED = "meshed";
const INJECT = "sidecar.istio.io/inject";
const NATIVE = [
  { name: "istio-init", restartPolicy: undefined },
  { name: "istio-proxy", restartPolicy: "Always" },
];

describe("a lab with istiod's own injector", () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ injector: true, without: ["serin", "prometheus"] });
    const app = (name: string, podLabels = {}) => shopDeployment({ name, replicas: 1, podLabels }) as object;
    await lab.apply(
      asList([
        { apiVersion: "v1", kind: "Namespace", metadata: { name: MESHED, labels: { "istio-injection": "enabled" } } },
        ...shopObjects({ name: "by-namespace", replicas: 1 }).map(inMesh),
        inMesh(app("refuses", { [INJECT]: "false" })),
        app("by-label", { [INJECT]: "true" }),
        app("unasked"),
      ]),
    );
    for (const namespace of ["default", MESHED]) await lab.kubectl("wait", ...available, "deployment", "--all", "-n", namespace);
  });
  afterAll(() => lab?.stop());

  it("calls the webhooks that Istio's chart declares, each of which refuses the pod when it fails", async () => {
    const { webhooks } = JSON.parse(await lab.kubectl("get", "mutatingwebhookconfiguration", INJECTOR, "-o", "json")) as {
      webhooks: { name: string; failurePolicy: string; reinvocationPolicy: string }[];
    };
    expect(webhooks.map(({ name, failurePolicy, reinvocationPolicy }) => [name, failurePolicy, reinvocationPolicy])).toEqual([
      ["rev.namespace.sidecar-injector.istio.io", "Fail", "Never"],
      ["rev.object.sidecar-injector.istio.io", "Fail", "Never"],
      ["namespace.sidecar-injector.istio.io", "Fail", "Never"],
      ["object.sidecar-injector.istio.io", "Fail", "Never"],
    ]);
  });

  it.each([
    { app: "by-namespace", namespace: MESHED, why: "its namespace says istio-injection=enabled", carries: NATIVE },
    { app: "by-label", namespace: "default", why: `it says ${INJECT}=true`, carries: NATIVE },
    { app: "refuses", namespace: MESHED, why: `it says ${INJECT}=false`, carries: [] },
    { app: "unasked", namespace: "default", why: "nobody says anything", carries: [] },
  ])("$app is ready with the right containers: $why", async ({ app, namespace, carries }) => {
    const pod = await podOf(app, namespace);
    expect(initContainers(pod)).toEqual(carries);
    expect(pod.spec.containers.map(({ name }) => name)).toEqual(["nginx"]);
    const proxy = pod.status?.initContainerStatuses?.find(({ name }) => name === "istio-proxy");
    const up: Partial<ContainerStatus> = { ready: true, started: true, restartCount: 0 };
    if (carries.length > 0) expect(proxy).toMatchObject(up);
    else expect(proxy).toBeUndefined();
  });

  it("the gateway reaches a pod that carries a sidecar", async () => {
    const by = await until("the gateway to route", async () => {
      const answer = await fetch(`${lab.env["LAB_GATEWAY"]}/`);
      await answer.arrayBuffer();
      return answer.ok && answer.headers.get("x-pod");
    });
    expect(by).toBe((await podOf("by-namespace", MESHED)).metadata.name);
  });

  it.each(["aaa-first", "zzz-last"])("under the name %s it gives a re-created pod the same", async (name) => {
    await setInjector(lab, { name });
    const configurations = await lab.kubectl("get", "mutatingwebhookconfiguration", "-o", "jsonpath={.items[*].metadata.name}");
    expect(configurations).toBe(name);
    const before = await podOf("by-label");
    await lab.kubectl("delete", "pod", before.metadata.name);
    await lab.kubectl("wait", ...available, "deployment/by-label");
    const after = await podOf("by-label");
    expect(after.metadata.uid).not.toBe(before.metadata.uid);
    expect(initContainers(after)).toEqual(NATIVE);
  });

  it("while it is down pods that need it are refused, and come once it is back", async () => {
    await setInjector(lab, { down: true });
    await lab.kubectl("scale", "deployment/by-label", "deployment/unasked", "--replicas=2");
    await lab.kubectl("wait", "--for=jsonpath={.status.readyReplicas}=2", "--timeout=30s", "deployment/unasked");
    await lab.kubectl("wait", "--for=condition=ReplicaFailure", "--timeout=30s", "deployment/by-label");
    expect(await podsOf("by-label")).toHaveLength(1);
    await setInjector(lab);
    await lab.kubectl("wait", "--for=jsonpath={.status.readyReplicas}=2", "--timeout=60s", "deployment/by-label");
    for (const pod of await podsOf("by-label")) expect(initContainers(pod)).toEqual(NATIVE);
  });

  it("down and with failurePolicy Ignore it lets pods go without", async () => {
    await setInjector(lab, { down: true, failurePolicy: "Ignore" });
    await lab.kubectl("rollout", "restart", "deployment/by-label");
    await lab.kubectl("rollout", "status", "deployment/by-label", "--timeout=60s");
    for (const pod of await podsOf("by-label")) expect(initContainers(pod)).toEqual([]);
  });

  /** The application's pods that are not on their way out. */
  async function podsOf(app: string, namespace = "default"): Promise<Pod[]> {
    const { items } = JSON.parse(await lab.kubectl("get", "pods", "-n", namespace, "-l", `app=${app}`, "-o", "json")) as { items: Pod[] };
    return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  }

  async function podOf(app: string, namespace?: string): Promise<Pod> {
    const pods = await podsOf(app, namespace);
    expect(pods).toHaveLength(1);
    return pods[0] as Pod;
  }
});

const available = ["--for=condition=Available", "--timeout=60s"];

function inMesh(object: unknown): object {
  const { metadata, ...rest } = object as { metadata: object };
  return { ...rest, metadata: { ...metadata, namespace: MESHED } };
}

function initContainers({ spec }: Pod) {
  return (spec.initContainers ?? []).map(({ name, restartPolicy }) => ({ name, restartPolicy }));
}
