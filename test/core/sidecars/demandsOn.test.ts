import { describe, expect, test } from "vitest";
import { fixesOf } from "../../../src/core/sidecars/demandsOn.ts";
import { named } from "../../build/change.ts";
import { aSidecarPolicy, asking, tracer, withFields } from "../../build/sidecarPolicy.ts";
import { annotation, asked, beingMade, container, initContainer, lacking, madeAt, ofSpec, pod, stored } from "./cases.ts";

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
