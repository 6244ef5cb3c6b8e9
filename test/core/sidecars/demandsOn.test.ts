import { describe, expect, test } from "vitest";
import type { SidecarPolicy } from "../../../src/api/sidecarPolicy.ts";
import { fixesOf } from "../../../src/core/sidecars/demandsOn.ts";
import { named } from "../../build/change.ts";
import { aSidecarPolicy, asking, tracer, withFields } from "../../build/sidecarPolicy.ts";
import { annotation, asked, beingMade, container, going, initContainer, label, lacking, madeAt, ofSpec, pod, stored } from "./cases.ts";

const enabled = aSidecarPolicy(asking({ istio: { inject: "Enabled" } }));
const disabled = aSidecarPolicy(named("quiet"), asking({ istio: { inject: "Disabled" } }));
const fixes = (...args: Parameters<typeof asked>) => fixesOf(asked(...args));

describe("a pod that is being made", () => {
  test("lacks the tracer and its volume, and both are added", () => {
    const demands = asked(beingMade(pod()), aSidecarPolicy());
    expect(lacking(demands)).toEqual(["NotAdded: volume traces", "NotAdded: container tracer"]);
    expect(fixesOf(demands)).toEqual([
      { kind: "volume", volume: { name: "traces", emptyDir: {} } },
      {
        kind: "container",
        isNative: true,
        container: {
          ...tracer,
          restartPolicy: "Always",
          securityContext: {
            runAsNonRoot: true,
            allowPrivilegeEscalation: false,
            capabilities: { drop: ["ALL"] },
            seccompProfile: { type: "RuntimeDefault" },
          },
        },
      },
    ]);
  });

  test("that is on the node's network, a mirror pod, of Windows or in a system namespace is left alone", () => {
    const policy = aSidecarPolicy(withFields({ istio: { inject: "Enabled" } }));
    expect(asked(beingMade(pod(ofSpec({ hostNetwork: true }))), policy)).toEqual([]);
    expect(asked(beingMade(pod(annotation("kubernetes.io/config.mirror", "x"))), policy)).toEqual([]);
    expect(asked(beingMade(pod(ofSpec({ os: { name: "windows" } }))), policy)).toEqual([]);
    for (const namespace of ["kube-system", "serin-system", "istio-system"])
      expect(asked(beingMade(pod(), { namespace }), policy)).toEqual([]);
  });

  test("of another namespace or with other labels, or under a policy that is suspended or going, is asked nothing", () => {
    const inProd = withFields({ match: { namespaceSelector: { matchLabels: { env: "prod" } } } });
    expect(asked(beingMade(pod()), aSidecarPolicy(inProd))).toEqual([]);
    expect(asked(beingMade(pod(), { known: { env: "prod" } }), aSidecarPolicy(inProd))).toHaveLength(1);
    expect(asked(beingMade(pod()), aSidecarPolicy(withFields({ match: { podSelector: { matchLabels: { app: "db" } } } })))).toEqual([]);
    expect(asked(beingMade(pod()), aSidecarPolicy(withFields({ suspend: true })))).toEqual([]);
    expect(
      asked(
        beingMade(pod()),
        aSidecarPolicy(({ metadata }) => {
          metadata.deletionTimestamp = "2026-11-23T10:00:00Z";
        }),
      ),
    ).toEqual([]);
  });

  test("of a canary alone gets what track: Canary asks for", () => {
    const policy = aSidecarPolicy(withFields({ match: { track: "Canary" } }));
    expect(asked(beingMade(pod(), { role: "Canary" }), policy)).toHaveLength(1);
    expect(asked(beingMade(pod(), { role: "Stable" }), policy)).toEqual([]);
    expect(asked(beingMade(pod(), { role: "None" }), policy)).toEqual([]);
  });

  test("may opt out, unless the policy forbids it", () => {
    const out = pod(annotation("serin.dev/sidecars", "off"));
    const demands = asked(beingMade(out), aSidecarPolicy());
    expect(lacking(demands)).toContain('OptedOut: container tracer: the pod has the annotation serin.dev/sidecars: "off"');
    expect(fixesOf(demands)).toEqual([]);
    const [forbidden] = asked(beingMade(out), aSidecarPolicy(withFields({ optOut: "Forbid" })));
    expect(forbidden?.notes).toEqual(['policy tracing says optOut: Forbid: annotation serin.dev/sidecars: "off" is ignored']);
    expect(fixesOf(forbidden ? [forbidden] : [])).toHaveLength(2);
  });

  test("under Audit lacks it, and nothing is added", () => {
    const demands = asked(beingMade(pod()), aSidecarPolicy(withFields({ enforcement: "Audit" })));
    expect(demands[0]?.lacks.map(({ reason }) => reason)).toEqual(["OnlyAudited", "OnlyAudited"]);
    expect(fixesOf(demands)).toEqual([]);
  });
});

describe("containers", () => {
  test("a pod that is to end by itself gets a native one where a plain one is asked for, and is told", () => {
    const plain = aSidecarPolicy(withFields({ containers: [{ ...tracer, as: "Container" }] }));
    expect(fixes(beingMade(pod()), plain)).toContainEqual(expect.objectContaining({ kind: "container", isNative: false }));
    const job = beingMade(pod(ofSpec({ restartPolicy: "OnFailure" })));
    expect(fixes(job, plain)).toContainEqual(expect.objectContaining({ kind: "container", isNative: true }));
    expect(asked(job, plain)[0]?.notes).toEqual(["container tracer is added as a native sidecar: the pod is to end by itself"]);
  });

  test("another container of that name stays, and the rest of the policy stays away", () => {
    const demands = asked(beingMade(pod(container("tracer", { image: "other:2" }))), aSidecarPolicy());
    expect(lacking(demands)).toEqual([
      "LeftOut: volume traces: left out with container tracer",
      "NameTaken: container tracer: the pod has another container of that name",
    ]);
    expect(fixesOf(demands)).toEqual([]);
  });

  // A mirror's webhook writes its own registry, others the digest of the tag; what a policy said before has another version.
  test.each([
    ["mirror.example/proxy/acme/tracer:1", true],
    ["mirror.example:5000/tracer:1@sha256:0123456789abcdef0123456789abcdef", true],
    ["acme/tracer@sha256:0123456789abcdef0123456789abcdef", true],
    ["acme/tracer:2", false],
    ["acme/tracer-debug:1", false],
    ["mirror.example/acme/tracer", false],
    ["::", false],
  ])("ours is known by its image's name and version, whatever a webhook has made of its registry: %s is %s", (image, isOurs) => {
    const policy = aSidecarPolicy(withFields({ containers: [{ ...tracer, image: "acme/tracer:1" }] }));
    const there = pod(
      initContainer("tracer", { ...tracer, restartPolicy: "Always", image }),
      ofSpec({ volumes: [{ name: "traces", emptyDir: {} }] }),
    );
    expect(lacking(asked(beingMade(there), policy)).length).toBe(isOurs ? 0 : 1);
  });

  test("so does another volume of that name", () => {
    const demands = asked(beingMade(pod(ofSpec({ volumes: [{ name: "traces", secret: { secretName: "s" } }] }))), aSidecarPolicy());
    expect(lacking(demands)[0]).toBe("NameTaken: volume traces: the pod has another volume of that name");
    expect(fixesOf(demands)).toEqual([]);
  });

  test("the same one, with what the API server and others have added to it, is carried", () => {
    const there = initContainer("tracer", {
      restartPolicy: "Always",
      image: "tracer:1",
      imagePullPolicy: "IfNotPresent",
      terminationMessagePath: "/dev/termination-log",
      resources: { limits: { cpu: "1" } },
      volumeMounts: [...tracer.volumeMounts, { name: "kube-api-access-x7k2m", mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" }],
    });
    const volumes = ofSpec({ volumes: [{ name: "traces", emptyDir: {} }] });
    expect(asked(stored(pod(there, volumes, madeAt("2026-11-23T10:00:00Z"))), aSidecarPolicy())).toMatchObject([
      { standing: "Carrying", lacks: [] },
    ]);
  });

  test("a mount of a volume that nobody has keeps it away; the pod's own volumes may be mounted", () => {
    const logs = aSidecarPolicy(
      asking({ containers: [{ name: "shipper", image: "shipper:1", volumeMounts: [{ name: "logs", mountPath: "/logs" }] }] }),
    );
    expect(lacking(asked(beingMade(pod()), logs))).toEqual([
      "NoSuchVolume: container shipper: it mounts volume logs, which neither the policy nor the pod has",
    ]);
    expect(fixes(beingMade(pod(ofSpec({ volumes: [{ name: "logs", emptyDir: {} }] }))), logs)).toHaveLength(1);
  });

  test("as written, they stay out of a namespace whose PodSecurity would refuse them", () => {
    const privileged = aSidecarPolicy(
      asking({ security: "AsWritten", containers: [{ name: "tracer", image: "tracer:1", securityContext: { privileged: true } }] }),
    );
    expect(fixes(beingMade(pod()), privileged)).toEqual([
      {
        kind: "container",
        isNative: true,
        container: { name: "tracer", image: "tracer:1", restartPolicy: "Always", securityContext: { privileged: true } },
      },
    ]);
    for (const level of ["baseline", "restricted"])
      expect(lacking(asked(beingMade(pod(), { known: { "pod-security.kubernetes.io/enforce": level } }), privileged))).toEqual([
        "PodSecurityRefuses: container tracer: namespace shop enforces PodSecurity, which refuses it as it is written",
      ]);
    // `helm install --create-namespace`: the pod comes before the namespace is in the cache.
    const tooNew = { known: undefined };
    expect(lacking(asked(beingMade(pod(), tooNew), privileged))).toEqual([
      "PodSecurityRefuses: container tracer: nothing is known yet of namespace shop, which may enforce PodSecurity",
    ]);
    expect(fixes(beingMade(pod(), tooNew), aSidecarPolicy())).not.toEqual([]);
  });

  test("in a pod that runs as root they get a user of their own, or runAsNonRoot would keep the pod from starting", () => {
    const [, fix] = fixes(beingMade(pod(ofSpec({ securityContext: { runAsUser: 0 } }))), aSidecarPolicy());
    expect(fix).toMatchObject({ container: { securityContext: { runAsUser: 65_532, runAsNonRoot: true } } });
  });
});

describe("variables", () => {
  const policy = aSidecarPolicy(asking({ env: [{ name: "OTEL_ENDPOINT", value: "http://localhost:4317" }] }));

  test("go to the pod's own containers, and what a container has stays", () => {
    const own = pod(
      container("worker", { env: [{ name: "OTEL_ENDPOINT", value: "mine" }] }),
      initContainer("setup"),
      container("istio-proxy"),
    );
    expect(fixes(beingMade(own), policy)).toEqual([
      { kind: "variable", container: "web", variable: { name: "OTEL_ENDPOINT", value: "http://localhost:4317" } },
    ]);
  });

  test("don't go to what policies add", () => {
    const plain = aSidecarPolicy(named("first"), asking({ containers: [{ name: "tracer", image: "tracer:1", as: "Container" }] }));
    const variables = fixes(beingMade(pod()), plain, policy).filter(({ kind }) => kind === "variable");
    expect(variables).toMatchObject([{ container: "web" }]);
  });
});

describe("Istio's injector", () => {
  test("is told by the label that it obeys", () => {
    expect(fixes(beingMade(pod()), enabled)).toEqual([{ kind: "label", key: "sidecar.istio.io/inject", value: "true" }]);
    expect(fixes(beingMade(pod()), disabled)).toEqual([{ kind: "label", key: "sidecar.istio.io/inject", value: "false" }]);
  });

  test("what the pod itself says stands, unless the policy forbids it", () => {
    const refusing = pod(label("sidecar.istio.io/inject", "false"));
    expect(lacking(asked(beingMade(refusing), enabled))).toEqual([
      'TeamsOwn: Istio\'s proxy: the pod itself says sidecar.istio.io/inject: "false"',
    ]);
    expect(fixes(beingMade(refusing), aSidecarPolicy(asking({ istio: { inject: "Enabled" }, optOut: "Forbid" })))).toEqual([
      { kind: "label", key: "sidecar.istio.io/inject", value: "true" },
    ]);
    expect(fixes(beingMade(pod(annotation("sidecar.istio.io/inject", "false"))), enabled)).toEqual([]);
    // A word that Istio doesn't know counts as none.
    expect(fixes(beingMade(pod(label("sidecar.istio.io/inject", "yes"))), enabled)).toHaveLength(1);
  });

  test("gets the revision where the namespace names none", () => {
    const canary = aSidecarPolicy(asking({ istio: { inject: "Enabled", revision: "1-26" } }));
    expect(fixes(beingMade(pod()), canary)).toContainEqual({ kind: "label", key: "istio.io/rev", value: "1-26" });
    for (const known of [{ "istio.io/rev": "1-25" }, { "istio-injection": "enabled" }])
      expect(fixes(beingMade(pod(), { known }), canary)).toEqual([{ kind: "label", key: "sidecar.istio.io/inject", value: "true" }]);
  });

  test("gets no settings for a proxy that the team refuses", () => {
    const set = aSidecarPolicy(asking({ istio: { inject: "Enabled", annotations: { "sidecar.istio.io/logLevel": "debug" } } }));
    expect(fixes(beingMade(pod()), set)).toContainEqual({ kind: "annotation", key: "sidecar.istio.io/logLevel", value: "debug" });
    expect(fixes(beingMade(pod(label("sidecar.istio.io/inject", "false"))), set)).toEqual([]);
  });

  test("can't be told anything in a namespace that refuses", () => {
    expect(lacking(asked(beingMade(pod(), { known: { "istio-injection": "disabled" } }), enabled))).toEqual([
      "NamespaceRefuses: Istio's proxy: namespace shop is labelled istio-injection: disabled",
    ]);
  });

  test("holds the application through the proxy's configuration, in which the team's own words stay", () => {
    const hold = aSidecarPolicy(asking({ istio: { inject: "Enabled", holdUntilProxyStarts: true } }));
    const key = "proxy.istio.io/config";
    const valueIn = (...changes: Parameters<typeof pod>) =>
      fixes(beingMade(pod(...changes)), hold).flatMap((fix) => (fix.kind === "annotation" ? [fix.value] : []));
    expect(valueIn()).toEqual(["holdApplicationUntilProxyStarts: true"]);
    expect(valueIn(annotation(key, "# ours\nconcurrency: 2"))).toEqual(["# ours\nconcurrency: 2\nholdApplicationUntilProxyStarts: true"]);
    expect(valueIn(annotation(key, "{concurrency: 2}"))).toEqual(["{ concurrency: 2, holdApplicationUntilProxyStarts: true }"]);
    expect(valueIn(annotation(key, "holdApplicationUntilProxyStarts: false"))).toEqual([]);
    expect(valueIn(annotation(key, "{"))).toEqual([]);
    expect(valueIn(annotation(key, "a: *b"))).toEqual([]);
  });

  // Whoever may make a pod may write 256 KiB there. Read as any YAML it kept the webhook busy for 15 s, or made it give up, and the pod got nothing.
  test.each([
    ["very long", Array.from({ length: 12_000 }, (_, index) => `k${index}: v`).join("\n"), []],
    ["very deep", "[".repeat(4_000), []],
    [
      "billions of words",
      [
        "a: &a [x, x, x, x, x, x, x, x, x]",
        ..."bcdefghi".split("").map((at, index) => `${at}: &${at} [${Array(9).fill(`*${"abcdefghi"[index]}`)}]`),
      ].join("\n"),
      [expect.stringMatching(/\nholdApplicationUntilProxyStarts: true$/)],
    ],
  ])("a configuration that is %s costs nobody anything", (_, config, values) => {
    const hold = aSidecarPolicy(asking({ istio: { inject: "Enabled", holdUntilProxyStarts: true } }));
    const found = fixes(beingMade(pod(annotation("proxy.istio.io/config", config))), hold);
    expect(found.flatMap((fix) => (fix.kind === "annotation" ? [fix.value] : []))).toEqual(values);
    expect(found).toContainEqual({ kind: "label", key: "sidecar.istio.io/inject", value: "true" });
  });

  test("the team's own proxy configuration stays, unless the policy forces its own", () => {
    const key = "proxy.istio.io/config";
    const made = beingMade(pod(annotation(key, "concurrency: 2")));
    const asks = (optOut: "Allow" | "Forbid") =>
      aSidecarPolicy(asking({ istio: { inject: "Enabled", annotations: { [key]: "concurrency: 1" } }, optOut }));
    const values = (optOut: "Allow" | "Forbid") =>
      fixes(made, asks(optOut)).flatMap((fix) => (fix.kind === "annotation" ? [fix.value] : []));
    expect([values("Allow"), values("Forbid")]).toEqual([[], ["concurrency: 1"]]);
  });

  test("a limit of the proxy below what the pod asks for it is left out: the API server would refuse the pod", () => {
    const [cpu, cpuLimit] = ["sidecar.istio.io/proxyCPU", "sidecar.istio.io/proxyCPULimit"];
    const asks = (annotations: object, optOut: "Allow" | "Forbid" = "Allow") =>
      aSidecarPolicy(asking({ istio: { inject: "Enabled", annotations }, optOut }));
    const values = (of: string, says: string, ...policies: SidecarPolicy[]) =>
      fixes(beingMade(pod(annotation(of, says))), ...policies).flatMap((fix) =>
        fix.kind === "annotation" ? [`${fix.key}=${fix.value}`] : [],
      );
    const limited = asks({ [cpuLimit]: "500m", "sidecar.istio.io/proxyMemoryLimit": "1Gi" });
    expect(values(cpu, "1", limited)).toEqual(["sidecar.istio.io/proxyMemoryLimit=1Gi"]);
    expect(lacking(asked(beingMade(pod(annotation(cpu, "1"))), limited))).toContain(
      `WouldBeRefused: annotation ${cpuLimit}: the pod says ${cpu}: "1", and a request of 1 is above a limit of 500m`,
    );
    expect(values(cpu, "0.5", limited)).toContain(`${cpuLimit}=500m`);
    expect(values(cpu, "what", limited)).toContain(`${cpuLimit}=500m`);
    // The other way round, under a policy that overwrites what the pod says, and of one that goes before.
    expect(values(cpuLimit, "100m", asks({ [cpu]: "1" }))).toEqual([]);
    expect(values(cpu, "2", asks({ [cpuLimit]: "1" }, "Forbid"))).toEqual([]);
    expect(values(cpu, "2", asks({ [cpu]: "500m", [cpuLimit]: "1" }, "Forbid")).sort()).toEqual([`${cpu}=500m`, `${cpuLimit}=1`]);
    const first = asks({ [cpu]: "2" });
    const later = aSidecarPolicy(named("later"), asking({ istio: { inject: "Enabled", annotations: { [cpuLimit]: "1" } }, priority: -1 }));
    expect(values("x", "y", first, later)).toEqual([`${cpu}=2`]);
  });

  test("a projected volume in which two sources write one file is left out with its containers", () => {
    const twice = [
      { configMap: { name: "a", items: [{ key: "k", path: "f" }] } },
      { downwardAPI: { items: [{ path: "f", fieldRef: { fieldPath: "metadata.name" } }] } },
    ];
    const policy = aSidecarPolicy(withFields({ volumes: [{ name: "traces", projected: { sources: twice } }] }));
    expect(lacking(asked(beingMade(pod()), policy))).toEqual([
      "WouldBeRefused: volume traces: two of its sources write the file f",
      "LeftOut: container tracer: left out with volume traces",
    ]);
  });

  test("of two policies that disagree the first one is heard", () => {
    const demands = asked(beingMade(pod()), disabled, aSidecarPolicy(asking({ istio: { inject: "Enabled" }, priority: 5 })));
    expect(fixesOf(demands)).toEqual([{ kind: "label", key: "sidecar.istio.io/inject", value: "true" }]);
    expect(lacking(demands)).toContain(
      'OtherPolicyFirst: being without Istio\'s proxy: policy tracing goes first and wants sidecar.istio.io/inject: "true"',
    );
  });
});

describe("a pod that is there", () => {
  const before = madeAt("2026-11-23T08:00:00Z");
  const after = madeAt("2026-11-23T10:00:00Z");

  test("lacks what it lacks because it is older than the policy, or because the webhook was not there", () => {
    expect(lacking(asked(stored(pod(before)), aSidecarPolicy()))[1]).toBe(
      "CreatedBefore: container tracer: the pod was made before the policy said so",
    );
    expect(lacking(asked(stored(pod(after)), aSidecarPolicy()))[1]).toBe(
      "NotAdded: container tracer: the pod was made past Serin's webhook",
    );
  });

  test("may also have been labelled later, or its namespace, where the policy goes by labels", () => {
    const selecting = (matchLabels: Record<string, string>) =>
      aSidecarPolicy(withFields({ match: { namespaceSelector: { matchLabels } } }));
    const why = (key: string, value: string) =>
      lacking(asked(stored(pod(after), { known: { [key]: value } }), selecting({ [key]: value })))[1];
    expect(why("env", "prod")).toBe(
      "NotAdded: container tracer: the pod was made past Serin's webhook, or before it or its namespace was labelled so that the policy is for it",
    );
    expect(why("kubernetes.io/metadata.name", "shop")).toBe("NotAdded: container tracer: the pod was made past Serin's webhook");
  });

  test("is older than a policy that was changed since", () => {
    const changed = aSidecarPolicy((draft) => {
      draft.metadata.generation = 2;
      draft.status = { observedGeneration: 2, inForceSince: "2026-11-23T11:00:00Z" };
    });
    expect(lacking(asked(stored(pod(after)), changed))[1]).toMatch(/^CreatedBefore/);
    const old = initContainer("tracer", { restartPolicy: "Always", image: "tracer:0" });
    expect(lacking(asked(stored(pod(after, old)), changed))[1]).toBe(
      "CreatedBefore: container tracer: the pod has it as the policy said before",
    );
  });

  test("carries the proxy, natively or not, or says why Istio added none", () => {
    expect(asked(stored(pod(after, container("istio-proxy"))), enabled)).toMatchObject([{ standing: "Carrying" }]);
    expect(asked(stored(pod(after, initContainer("istio-proxy", { restartPolicy: "Always" }))), enabled)).toMatchObject([
      { standing: "Carrying" },
    ]);
    expect(lacking(asked(stored(pod(after)), enabled))).toEqual(["NotAdded: Istio's proxy: the pod was made past Serin's webhook"]);
    expect(lacking(asked(stored(pod(after, label("sidecar.istio.io/inject", "true"))), enabled))[0]).toMatch(
      /^NotInjected: Istio's proxy: the pod asks for injection, but/,
    );
    expect(lacking(asked(stored(pod(after, container("istio-proxy"))), disabled))).toEqual([
      "NotAdded: being without Istio's proxy: the pod was made past Serin's webhook",
    ]);
    expect(lacking(asked(stored(pod(after, label("sidecar.istio.io/inject", "false"), container("istio-proxy"))), disabled))).toEqual([
      "NotInjected: being without Istio's proxy: the pod refuses injection, but it has a proxy",
    ]);
  });

  test("that is going or has ended is not counted", () => {
    expect(asked(stored({ ...pod(after), status: { phase: "Succeeded" } }), enabled)).toEqual([]);
    expect(asked(stored(pod(after, going("2026-11-23T11:00:00Z"))), enabled)).toEqual([]);
  });
});
