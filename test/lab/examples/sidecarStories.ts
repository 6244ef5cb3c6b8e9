import { expect } from "vitest";
import { until } from "../until.ts";
import type { ExampleStory } from "./stories.ts";

interface Pod {
  metadata: { name: string; labels: Record<string, string>; annotations?: Record<string, string> };
  spec: { containers: Container[]; initContainers?: Container[] };
}

interface Container {
  name: string;
  restartPolicy?: string;
  volumeMounts?: { name: string; mountPath: string }[];
}

/** By file of manifests/examples: what pods carry, and who may read. */
export const sidecarStories: Readonly<Record<string, ExampleStory>> = {
  "sidecars.yaml": {
    promises: "pods get Istio's label, the canary's alone a profiler, and the audited variable is counted and not added",
    labels: { mesh: "on" },
    houses: [{ name: "carrying" }],
    async play(scene) {
      const steps = [{ setWeight: 50 }, { pause: {} }];
      const spec = { match: { namespaceSelector: { matchLabels: { mesh: "on" } } }, traffic: { withoutRoute: "Replicas" }, steps };
      await scene.applyAll([{ apiVersion: "serin.dev/v1alpha1", kind: "CanaryPolicy", metadata: { name: "any" }, spec }]);
      await until("the policy to be known", async () =>
        (await scene.type("kubectl", "serin", "explain", "deploy/carrying")).stdout.includes("any (priority 0)"),
      );
      await scene.setImage("nginx:2", "carrying");
      const plan = await scene.plan("nginx:2");
      const pods = await until("a canary pod", async () => {
        const found = await scene.podsOf<Pod>("carrying");
        return found.some((pod) => isCanary(pod)) && found;
      });
      function isCanary({ metadata }: Pod): boolean {
        return metadata.labels["pod-template-hash"] === plan.spec.canary.hash;
      }
      for (const pod of pods) {
        expect(pod.metadata.labels["sidecar.istio.io/inject"]).toBe("true");
        expect((pod.spec.initContainers ?? []).map(({ name }) => name)).toEqual(isCanary(pod) ? ["profiler"] : []);
      }
      await until("the audit's count", async () => {
        const { status } = await scene.get<{ status?: { matched?: number; missing?: number } }>("sidecarpolicy", "telemetry");
        return (status?.matched ?? 0) >= 2 && status?.missing === status?.matched;
      });
    },
  },

  "log-shipper.yaml": {
    promises: "a pod that asks for it gets a native sidecar, which mounts the pod's own volume and no token",
    houses: [
      { name: "logging", podLabels: { logs: "ship" }, pod: { volumes: [{ name: "logs", emptyDir: {} }] }, replicas: 1 },
      { name: "silent", replicas: 1 },
    ],
    async play(scene) {
      const [[logging], [silent]] = [await scene.podsOf<Pod>("logging"), await scene.podsOf<Pod>("silent")];
      const [shipper] = logging?.spec.initContainers ?? [];
      expect(shipper).toMatchObject({ name: "log-shipper", restartPolicy: "Always" });
      expect(shipper?.volumeMounts?.map(({ name, mountPath }) => `${name} ${mountPath}`)).toEqual([
        "logs /var/log/app",
        "no-token /var/run/secrets/kubernetes.io/serviceaccount",
      ]);
      expect(silent?.spec.initContainers).toBeUndefined();
    },
  },

  "istio-settings.yaml": {
    promises: "small pods tell Istio's injector what the policy says",
    houses: [{ name: "small", podLabels: { size: "small" }, replicas: 1 }],
    async play(scene) {
      const [pod] = await scene.podsOf<Pod>("small");
      expect(pod?.metadata.labels["sidecar.istio.io/inject"]).toBe("true");
      expect(pod?.metadata.annotations).toMatchObject({
        "sidecar.istio.io/proxyMemory": "40Mi",
        "traffic.sidecar.istio.io/excludeOutboundPorts": "5432,6379",
        "proxy.istio.io/config": expect.stringContaining("holdApplicationUntilProxyStarts"),
      });
    },
  },

  "auditors.yaml": {
    promises: "an auditor reads the record, and no Secret",
    async play(scene) {
      const may = (...what: string[]) => scene.type("kubectl", "auth", "can-i", ...what, "-A", "--as=ada", "--as-group=auditors");
      expect(await may("list", "canaryplans")).toMatchObject({ code: 0 });
      expect(await may("list", "secrets")).toMatchObject({ code: 1 });
      expect(await may("patch", "canaryplans")).toMatchObject({ code: 1 });
      const read = await scene.type("kubectl", "get", "canaryplans", "-A", "--as=ada", "--as-group=auditors");
      expect(read).toMatchObject({ code: 0 });
    },
  },
};
