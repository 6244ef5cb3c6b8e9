import fc from "fast-check";
import { apiVersion } from "../../src/api/names.ts";
import type { SidecarPolicyInput } from "../build/sidecarPolicy.ts";

/** Pods and policies about Istio from few words, so that they meet. Each case has policies of its own: they select its label. */

export interface InjectCase {
  namespace: string;
  pod: { metadata: { labels?: Record<string, string>; annotations?: Record<string, string> }; spec: Record<string, unknown> };
  specs: SidecarPolicyInput[];
}

/** Namespaces by name, with what their labels say beside it. */
export const namespaces: Record<string, Record<string, string>> = {
  plain: {},
  injected: { "istio-injection": "enabled", team: "shop" },
  refusing: { "istio-injection": "disabled" },
  revised: { "istio.io/rev": "1-25", team: "pay" },
};

const some = <T extends object>(shape: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(shape, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>;
const texts = (words: Record<string, string[]>): fc.Arbitrary<Record<string, string>> =>
  fc
    .subarray(Object.keys(words))
    .chain((keys) => fc.record(Object.fromEntries(keys.map((key) => [key, fc.constantFrom(...(words[key] ?? []))]))));

const config = ["concurrency: 2", "tracing:\n  sampling: 1"];
const logLevel = ["debug", "info"];

/** Requests and limits of the proxy: those of one policy are in order, else it is none; with those of others, and of the pod, they need not be. */
const sizes = texts({ "sidecar.istio.io/proxyCPU": ["100m", "0.7"], "sidecar.istio.io/proxyCPULimit": ["200m", "700m"] }).filter(
  (written) => Object.values(written).join() !== "0.7,200m",
);

const istio: fc.Arbitrary<NonNullable<SidecarPolicyInput["istio"]>> = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ inject: "Disabled" as const }) },
  {
    weight: 3,
    arbitrary: some<{ revision: string; holdUntilProxyStarts: boolean; annotations: Record<string, string> }>({
      revision: fc.constantFrom("1-26", "canary"),
      holdUntilProxyStarts: fc.boolean(),
      annotations: fc
        .tuple(
          texts({
            "sidecar.istio.io/logLevel": logLevel,
            "proxy.istio.io/config": config,
            "traffic.sidecar.istio.io/excludeInboundPorts": ["8080", "9090"],
          }),
          sizes,
        )
        .map(([written, sized]) => ({ ...written, ...sized })),
    }).map((more) => ({ inject: "Enabled" as const, ...more })),
  },
);

type Selector = NonNullable<NonNullable<SidecarPolicyInput["match"]>["podSelector"]>;
const selector = (words: Record<string, string[]>): fc.Arbitrary<Selector> => {
  const [keys, values] = [Object.keys(words), Object.values(words).flat()];
  const expression = fc.oneof(
    fc.record({
      key: fc.constantFrom(...keys),
      operator: fc.constantFrom("In" as const, "NotIn" as const, "NotIn" as const),
      values: fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 2 }),
    }),
    fc.record({ key: fc.constantFrom(...keys), operator: fc.constantFrom("Exists" as const, "DoesNotExist" as const) }),
  );
  const matchExpressions = fc.array(expression, { minLength: 1, maxLength: 2 });
  return fc.oneof(
    { weight: 12, arbitrary: fc.constant<Selector>({}) },
    { weight: 1, arbitrary: texts(words).map((matchLabels): Selector => ({ matchLabels })) },
    { weight: 2, arbitrary: matchExpressions.map((all): Selector => ({ matchExpressions: all })) },
  );
};

const podLabels = {
  app: ["web", "db"],
  tier: ["front"],
  "sidecar.istio.io/inject": ["true", "false", "yes"],
  "istio.io/rev": ["1-26", "1-24"],
};

const mostly = <T>(usual: T, ...others: T[]) =>
  fc.oneof({ weight: 12, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });

const spec: fc.Arbitrary<SidecarPolicyInput> = fc
  .record({
    istio,
    priority: fc.constantFrom(0, 0, 7, -1_000_000, 1_000_000),
    optOut: fc.constantFrom("Allow" as const, "Forbid" as const),
    suspend: mostly(false, true),
    enforcement: mostly<"Enforce" | "Audit">("Enforce", "Audit"),
    track: mostly<"Any" | "Canary">("Any", "Canary"),
    namespaceSelector: selector({ "istio-injection": ["enabled", "disabled"], team: ["shop", "pay"] }),
    podSelector: selector({ app: ["web", "db"], tier: ["front", "back"] }),
    // A policy that asks nothing of Istio.
    isOther: mostly(false, true),
  })
  .map(({ track, namespaceSelector, podSelector, istio: wish, isOther, ...rest }) => ({
    ...rest,
    ...(isOther ? { env: [{ name: "TRACE", value: "all" }] } : { istio: wish }),
    match: { track, namespaceSelector, podSelector },
  }));

const pod = fc
  .record({
    labels: fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, { weight: 3, arbitrary: texts(podLabels) }),
    annotations: fc.oneof(
      { weight: 2, arbitrary: fc.constant({}) },
      {
        weight: 3,
        arbitrary: texts({
          "serin.dev/sidecars": ["off", "on", "on", "on"],
          "sidecar.istio.io/inject": ["true", "false"],
          "sidecar.istio.io/logLevel": logLevel,
          "proxy.istio.io/config": config,
          "sidecar.istio.io/proxyCPU": ["2", "150m"],
          "sidecar.istio.io/proxyCPULimit": ["50m", "1e0"],
        }),
      },
    ),
    spec: mostly<Record<string, unknown>>({}, { hostNetwork: true }, { os: { name: "windows" } }),
  })
  .map(({ labels, annotations, spec: more }) => ({
    metadata: { labels, ...(Object.keys(annotations).length === 0 ? {} : { annotations }) },
    spec: more,
  }));

export const injectCase: fc.Arbitrary<InjectCase> = fc.record({
  namespace: fc.constantFrom(...Object.keys(namespaces)),
  pod,
  specs: fc.array(spec, { minLength: 1, maxLength: 3 }),
});

/** The label by which a case finds its policies. */
const caseLabel = "case";
const caseName = (index: number): string => `case-${index}`;

export const policyObjects = ({ specs }: InjectCase, index: number) =>
  specs.map((of, at) => ({
    apiVersion,
    kind: "SidecarPolicy",
    metadata: { name: `${"abc"[at]}-${caseName(index)}` },
    spec: {
      ...of,
      match: {
        ...of.match,
        podSelector: { ...of.match?.podSelector, matchLabels: { ...of.match?.podSelector?.matchLabels, [caseLabel]: caseName(index) } },
      },
    },
  }));

export const podObject = ({ pod: { metadata, spec: more } }: InjectCase, index: number) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { ...metadata, name: caseName(index), labels: { ...metadata.labels, [caseLabel]: caseName(index) } },
  spec: { ...more, containers: [{ name: "web", image: "web:1" }] },
});
