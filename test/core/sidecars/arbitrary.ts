import fc from "fast-check";
import type { SidecarPolicy } from "../../../src/api/sidecarPolicy.ts";
import type { PodLike } from "../../../src/core/sidecars/pod.ts";
import { aSidecarPolicy, type SidecarPolicyInput } from "../../build/sidecarPolicy.ts";

/** Pods and policies from few names, so that they meet: the same container, volume, variable or label is asked for and is there. */

const name = fc.constantFrom("web", "tracer", "agent", "istio-proxy");
const some = <T>(arbitrary: fc.Arbitrary<T>, maxLength = 2) => fc.array(arbitrary, { maxLength });
const maybe = <T extends object>(shape: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(shape, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>;

const variable = fc.record({ name: fc.constantFrom("A", "B", "C"), value: fc.constantFrom("1", "2", "") });
const probe = fc.record({ httpGet: fc.record({ port: fc.constantFrom(80, 8080) }) });
const image = fc.constantFrom("image:1", "image:2");
const mounts = fc.uniqueArray(fc.record({ name: fc.constantFrom("traces", "logs"), mountPath: fc.constantFrom("/a", "/b", "/c") }), {
  selector: ({ mountPath }) => mountPath,
  maxLength: 2,
});

const restrictedContext = {
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  capabilities: { drop: ["ALL"] },
  seccompProfile: { type: "RuntimeDefault" },
};

const podContainer = fc
  .tuple(
    fc.record({ name, image }),
    maybe<{ env: unknown[]; volumeMounts: unknown[]; readinessProbe: object }>({
      env: fc.uniqueArray(variable, { selector: (one) => one.name, maxLength: 3 }),
      volumeMounts: fc.constant([{ name: "own", mountPath: "/own" }]),
      readinessProbe: probe,
    }),
  )
  .map(([one, more]) => ({ ...one, ...more, securityContext: restrictedContext }));

const byName = { selector: ({ name: of }: { name: string }) => of };
const volume = fc.oneof(
  fc.constant({ name: "traces", emptyDir: {} }),
  fc.constant({ name: "traces", configMap: { name: "other" } }),
  fc.constant({ name: "logs", emptyDir: {} }),
  fc.constant({ name: "own", emptyDir: {} }),
);

const record = (keys: string[], values: string[]) => fc.dictionary(fc.constantFrom(...keys), fc.constantFrom(...values), { maxKeys: 3 });

export const anyPod: fc.Arbitrary<PodLike> = fc
  .record({
    all: fc.uniqueArray(podContainer, { ...byName, minLength: 1, maxLength: 4 }),
    inits: fc.nat({ max: 2 }),
    native: fc.boolean(),
    volumes: fc.option(fc.uniqueArray(volume, { ...byName, maxLength: 3 }), { nil: undefined }),
    labels: fc.option(
      record(
        ["app", "sidecar.istio.io/inject", "istio.io/rev", "service.istio.io/canonical-revision", "__proto__"],
        ["web", "true", "false", "v1"],
      ),
      { nil: undefined },
    ),
    annotations: fc.option(
      record(
        ["serin.dev/sidecars", "proxy.istio.io/config", "sidecar.istio.io/logLevel", "sidecar.istio.io/inject"],
        ["off", "concurrency: 2", "false", "{", "debug"],
      ),
      { nil: undefined },
    ),
    restartPolicy: fc.constantFrom("Always", "Always", "Always", "Always", "OnFailure", "Never"),
    owner: fc.constantFrom("ReplicaSet", "Job", "DaemonSet", "StatefulSet", undefined),
    spec: maybe<{ resources: object; securityContext: object }>({
      resources: fc.constant({ limits: { cpu: "1" } }),
      securityContext: fc.constantFrom({ runAsUser: 0 }, { runAsNonRoot: true }, { fsGroup: 2 }),
    }),
  })
  .map(({ all, inits, native, volumes, labels, annotations, restartPolicy, owner, spec }) => {
    const init = all.slice(1, 1 + inits).map((one) => (native ? { ...one, restartPolicy: "Always" } : one));
    const pod = {
      metadata: {
        generateName: "web-",
        ...(labels === undefined ? {} : { labels: owner === "ReplicaSet" ? { ...labels, "pod-template-hash": "7d9f8b5c4d" } : labels }),
        ...(annotations === undefined ? {} : { annotations }),
        ...(owner === undefined ? {} : { ownerReferences: [{ kind: owner, name: "web-7d9f8b5c4d", controller: true }] }),
      },
      spec: {
        containers: [...all.slice(0, 1), ...all.slice(1 + inits)],
        ...(init.length === 0 ? {} : { initContainers: init }),
        ...(volumes === undefined ? {} : { volumes }),
        restartPolicy,
        ...spec,
      },
    };
    // As it comes over the wire, where `__proto__` is a member like any other.
    return JSON.parse(JSON.stringify(pod)) as PodLike;
  });

const policyContainer = fc
  .tuple(
    fc.record({
      name: fc.constantFrom("tracer", "agent"),
      image,
      as: fc.constantFrom("Native" as const, "Container" as const, "Container" as const),
      volumeMounts: mounts,
    }),
    maybe<{
      env: Array<{ name: string; value: string }>;
      readinessProbe: { httpGet: { port: number } };
      args: string[];
      ports: Array<{ containerPort: number }>;
    }>({
      env: fc.uniqueArray(variable, { selector: (one) => one.name, maxLength: 2 }),
      readinessProbe: probe,
      args: some(fc.constantFrom("-v", "")),
      ports: fc.constant([{ containerPort: 9000 }]),
    }),
  )
  .map(([one, more]) => ({ ...one, ...more }));

const istioPart: fc.Arbitrary<NonNullable<SidecarPolicyInput["istio"]>> = fc.oneof(
  fc.constant({ inject: "Disabled" as const }),
  maybe<{ revision: string; holdUntilProxyStarts: boolean; annotations: Record<string, string> }>({
    revision: fc.constantFrom("1-26", "canary"),
    holdUntilProxyStarts: fc.boolean(),
    annotations: fc.constantFrom({ "sidecar.istio.io/logLevel": "debug" }, { "proxy.istio.io/config": "tracing: {sampling: 1}" }, {}),
  }).map((more) => ({ inject: "Enabled" as const, ...more })),
);

const policySpec: fc.Arbitrary<SidecarPolicyInput> = fc
  .record({
    priority: fc.constantFrom(0, 1),
    istio: fc.option(istioPart, { nil: undefined }),
    containers: fc.uniqueArray(policyContainer, { ...byName, maxLength: 2 }),
    env: fc.uniqueArray(variable, { selector: (one) => one.name, maxLength: 2 }),
    enforcement: fc.constantFrom("Enforce" as const, "Enforce" as const, "Audit" as const),
    optOut: fc.constantFrom("Allow" as const, "Forbid" as const),
    mounted: fc.constantFrom({ emptyDir: {} }, { configMap: { name: "other" } }),
  })
  .map(({ istio, mounted, ...spec }) => {
    const isMounted = spec.containers.some(({ volumeMounts }) => volumeMounts.some((mount) => mount.name === "traces"));
    return {
      ...spec,
      // Nothing asked for is refused.
      ...(istio === undefined && spec.containers.length === 0 && spec.env.length === 0 ? { istio: { inject: "Enabled" as const } } : {}),
      ...(istio === undefined ? {} : { istio }),
      ...(isMounted ? { volumes: [{ name: "traces", ...mounted }] } : {}),
    };
  });

export const anyPolicies: fc.Arbitrary<SidecarPolicy[]> = fc
  .array(policySpec, { maxLength: 3 })
  .map((specs) =>
    specs.map((spec, index) =>
      aSidecarPolicy((draft) => void Object.assign(draft, { metadata: { ...draft.metadata, name: `p${index}` }, spec })),
    ),
  );

export const anyNamespace = record(
  ["istio-injection", "istio.io/rev", "pod-security.kubernetes.io/enforce"],
  ["enabled", "disabled", "restricted"],
);
