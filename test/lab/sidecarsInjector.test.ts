import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apiVersion, injectPolicyMarks, podTemplateHash } from "../../src/api/names.ts";
import { type InjectorSetup, setInjector } from "./injector.ts";
import { normalPod, type WholePod } from "./normalPod.ts";
import { type Story, tell } from "./story.ts";
import { shopDeployment } from "./storyShop.ts";
import { applyAll, townPolicy } from "./storyTown.ts";
import { until } from "./until.ts";

/** SidecarPolicies with istiod's own injector, whichever of the two configurations kube-apiserver asks first. */
const UNLABELLED = "unlabelled";
const LABELLED = "labelled";
const apps = [
  { name: "web", namespace: UNLABELLED },
  { name: "web", namespace: LABELLED },
  { name: "quiet", namespace: LABELLED },
];

const policy = (name: string, spec: object) => ({ apiVersion, kind: "SidecarPolicy", metadata: { name }, spec });
const match = { namespaceSelector: { matchLabels: { sidecars: "wanted" } } };
const policies = [
  policy("mesh", {
    match,
    istio: { inject: "Enabled", holdUntilProxyStarts: true, annotations: { "sidecar.istio.io/logLevel": "debug" } },
  }),
  policy("quiet", { priority: 1, match: { ...match, podSelector: { matchLabels: { app: "quiet" } } }, istio: { inject: "Disabled" } }),
  policy("tracing", {
    match,
    containers: [
      { name: "tracer", image: "tracer:1", volumeMounts: [{ name: "traces", mountPath: "/traces" }] },
      { name: "shipper", image: "shipper:1", as: "Container" },
    ],
    volumes: [{ name: "traces", emptyDir: {} }],
  }),
];

const proxied = { initContainers: ["istio-init", "istio-proxy", "tracer"], containers: ["nginx", "shipper"] };
const without = { initContainers: ["tracer"], containers: ["nginx", "shipper"] };

describe("with istiod's own injector", () => {
  let story: Story;
  let usual: WholePod[];
  beforeAll(async () => {
    story = await tell({ injector: true, without: ["prometheus"] });
    const namespace = (name: string, labels = {}) => ({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name, labels: { sidecars: "wanted", ...labels } },
    });
    await applyAll(story, [
      ...policies,
      townPolicy("plain", { steps: [{ setWeight: 50 }, { pause: {} }] }),
      namespace(UNLABELLED),
      namespace(LABELLED, { "istio-injection": "enabled" }),
    ]);
    await until("webhook and kube-apiserver to know the policies", knownToBoth, 60);
    await applyAll(story, apps.map(deployment));
    usual = await made();
  });
  afterAll(() => story?.stop());

  it("a pod in a namespace that says nothing gets a native proxy, since a policy says so", () => {
    const [pod] = usual;
    expect(names(pod)).toEqual(proxied);
    expect(pod?.spec.initContainers?.find(({ name }) => name === "istio-proxy")?.restartPolicy).toBe("Always");
    expect(pod?.metadata.annotations).toMatchObject({
      "sidecar.istio.io/logLevel": "debug",
      "proxy.istio.io/config": "holdApplicationUntilProxyStarts: true",
    });
  });

  it("with the namespace labelled too nothing is injected twice", () => {
    expect(names(usual[1])).toEqual(proxied);
  });

  it("where a policy refuses the proxy there is none, though the namespace is labelled", () => {
    expect(names(usual[2])).toEqual(without);
  });

  it("metrics tell the revision by the hash, and nothing of kube-apiserver's own record is left", () => {
    for (const { metadata } of usual) {
      expect(metadata.labels["service.istio.io/canonical-revision"]).toBe(metadata.labels[podTemplateHash]);
      expect(records(metadata.annotations)).toEqual([]);
    }
  });

  it.each<InjectorSetup & { appContainers?: string }>([
    {},
    { name: "zzz-last", reinvocationPolicy: "IfNeeded" },
    { name: "aaa-first", reinvocationPolicy: "IfNeeded" },
    // Asked before us and not again, as its chart has it, Istio can't tell its proxy of a plain container that comes after it.
    { name: "aaa-first", appContainers: "nginx" },
  ])("re-created pods are the same with the injector %o", async ({ appContainers = "nginx,shipper", ...setup }) => {
    await setInjector(story.lab, setup);
    await deletePods();
    const expected = JSON.stringify(usual.map(normalPod)).replaceAll('"value":"nginx,shipper"', `"value":"${appContainers}"`);
    expect((await made()).map(normalPod)).toEqual(JSON.parse(expected));
  });

  it.each<InjectorSetup>([{ name: "istio-sidecar-injector" }, { name: "aaa-first" }])(
    "while Serin's webhook is down pods get the proxy that a policy asks for, with the injector %o",
    async (setup) => {
      await setInjector(story.lab, setup);
      await story.lab.processes.kill("serin-webhook-0");
      await deletePods();
      const past = await made();
      const { initContainers, containers } = proxied;
      const expected = { initContainers: initContainers.slice(0, 2), containers: containers.slice(0, 1) };
      expect(past.map(names)).toEqual([expected, expected, { initContainers: [], containers: ["nginx"] }]);
      for (const { metadata } of past)
        expect(metadata.labels["service.istio.io/canonical-revision"]).toBe(metadata.labels[podTemplateHash]);
      await story.lab.processes.restart("serin-webhook-0");
    },
  );

  const deployment = ({ name, namespace }: (typeof apps)[number]) => {
    const object = shopDeployment({ name, replicas: 1 }) as { metadata: object };
    return { ...object, metadata: { ...object.metadata, namespace } };
  };

  const deletePods = () =>
    Promise.all([UNLABELLED, LABELLED].map((namespace) => story.kubectl("delete", "pods", "--all", "-n", namespace)));

  /** The webhook adds the tracer. What kube-apiserver does the webhook would do too, so it is asked how often it has. */
  async function knownToBoth(): Promise<boolean> {
    const pod = await story.kubectl("run", "probe", "--image=probe:1", "-n", UNLABELLED, "--dry-run=server", "-o", "json");
    const metrics = await story.kubectl("get", "--raw", "/metrics");
    return pod.includes('"tracer"') && metrics.includes('policy="inject.serin.dev"');
  }

  /** The pod of each application, once it is ready. */
  function made(): Promise<WholePod[]> {
    return Promise.all(
      apps.map(({ name, namespace }) =>
        until(`the pod of ${namespace}/${name}`, async () => {
          const { items } = JSON.parse(await story.kubectl("get", "pods", "-n", namespace, "-l", `app=${name}`, "-o", "json")) as {
            items: WholePod[];
          };
          const [pod, ...more] = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
          const isReady = pod?.status.conditions?.some(({ type, status }) => type === "Ready" && status === "True");
          return more.length === 0 && isReady ? pod : undefined;
        }),
      ),
    );
  }
});

const names = (pod: WholePod | undefined) => ({
  initContainers: (pod?.spec.initContainers ?? []).map(({ name }) => name),
  containers: (pod?.spec.containers ?? []).map(({ name }) => name),
});

const records = (annotations: Record<string, string> = {}): string[] =>
  Object.keys(annotations).filter((key) => Object.values(injectPolicyMarks).some((prefix) => key.startsWith(prefix)));
