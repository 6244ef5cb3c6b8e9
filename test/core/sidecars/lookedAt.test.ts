import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Demand } from "../../../src/core/sidecars/demand.ts";
import { demandsOn } from "../../../src/core/sidecars/demandsOn.ts";
import { covers, cutDown, lookedAt } from "../../../src/core/sidecars/lookedAt.ts";
import type { PodLike } from "../../../src/core/sidecars/pod.ts";
import { named } from "../../build/change.ts";
import { aSidecarPolicy, asking, tracer, withFields } from "../../build/sidecarPolicy.ts";
import { anyNamespace, anyPod, anyPolicies } from "./arbitrary.ts";
import { annotation, container, going, initContainer, label, madeAt, ofSpec, type PodChange, pod, stored } from "./cases.ts";

const policies = [
  aSidecarPolicy(),
  aSidecarPolicy(
    named("istio"),
    asking({ istio: { inject: "Enabled", holdUntilProxyStarts: true, annotations: { "sidecar.istio.io/proxyCPU": "10m" } } }),
  ),
  aSidecarPolicy(
    named("env"),
    asking({
      env: [
        { name: "TRACE", value: "on" },
        { name: "LEVEL", value: "info" },
      ],
    }),
  ),
  aSidecarPolicy(
    named("agent"),
    asking({ containers: [{ name: "agent", image: "agent:1", env: [{ name: "TO", value: "x" }], args: ["-v"] }] }),
  ),
  aSidecarPolicy(
    named("borrower"),
    asking({ containers: [{ name: "reader", image: "reader:1", volumeMounts: [{ name: "data", mountPath: "/data" }] }] }),
  ),
  aSidecarPolicy(named("forced"), withFields({ optOut: "Forbid", match: { podSelector: { matchLabels: { tier: "front" } } } })),
];
const secret = { name: "PASSWORD", value: "hunter2" };

const pods: Record<string, PodChange[]> = {
  bare: [],
  traced: [
    initContainer("tracer", { ...tracer, image: tracer.image, restartPolicy: "Always" }),
    ofSpec({ volumes: [{ name: "traces", emptyDir: {} }] }),
  ],
  "a tracer of another image": [initContainer("tracer", { image: "tracer:0", restartPolicy: "Always" })],
  "another volume of that name": [ofSpec({ volumes: [{ name: "traces", secret: { secretName: "s" } }] })],
  "with the volume that is borrowed": [ofSpec({ volumes: [{ name: "data", emptyDir: {} }] })],
  "with an agent": [
    initContainer("agent", { image: "agent:1", args: ["-v"], env: [{ name: "TO", value: "x" }, secret], restartPolicy: "Always" }),
  ],
  "with another agent": [
    initContainer("agent", { image: "agent:1", args: ["-v"], env: [{ name: "TO", value: "y" }], restartPolicy: "Always" }),
  ],
  "with variables": [ofSpec({ containers: [{ name: "web", image: "web:1", env: [{ name: "TRACE", value: "off" }, secret] }] })],
  "with a proxy": [initContainer("istio-proxy", { image: "proxyv2", env: [secret] })],
  "marked for a proxy": [
    label("sidecar.istio.io/inject", "true"),
    annotation("proxy.istio.io/config", "holdApplicationUntilProxyStarts: true"),
  ],
  "that refuses a proxy": [annotation("sidecar.istio.io/inject", "false")],
  "opted out": [annotation("serin.dev/sidecars", "off"), label("tier", "front")],
  "that ends": [ofSpec({ restartPolicy: "OnFailure" }), container("agent")],
  "on the node's network": [ofSpec({ hostNetwork: true })],
  "of Windows": [ofSpec({ os: { name: "windows" } })],
  "a mirror": [annotation("kubernetes.io/config.mirror", "x")],
  going: [going("2026-11-23T10:00:00Z")],
};

/** All but how it would be put right, for which the pod is looked at whole, when it is made. */
const inWords = ({ policy, standing, lacks, notes }: Demand) => ({
  policy: policy.metadata.name,
  standing,
  notes,
  lacks: lacks.map(({ fixes, ...lack }) => ({ ...lack, isFixable: fixes.length > 0 })),
});

describe("what is kept of a pod is all that is asked about", () => {
  const looked = lookedAt(policies);
  test.each(Object.entries(pods))("a pod %s gives the same answers", (_, changes) => {
    const whole = pod(madeAt("2026-11-23T08:00:00Z"), ...changes);
    const said = (made: typeof whole) => demandsOn(stored(made), policies, "serin-system");
    expect(said(cutDown(whole, looked))).toEqual(said(whole));
  });

  test("so does any pod, whatever policies ask and wherever it is", () => {
    let lacking = 0;
    fc.assert(
      fc.property(anyPod, anyPolicies, anyNamespace, (whole, some, known) => {
        const said = (made: PodLike) => demandsOn(stored(made, { known }), some, "serin-system").map(inWords);
        const answers = said(whole);
        lacking += answers.filter(({ standing }) => standing === "Missing").length;
        expect(said(cutDown(whole, lookedAt(some)))).toEqual(answers);
      }),
      { numRuns: 500, seed: 5 },
    );
    expect(lacking).toBeGreaterThan(100);
  });

  test("no variable's value is kept that no policy sets, and no container's fields that none speaks of", () => {
    for (const changes of Object.values(pods)) {
      const kept = JSON.stringify(cutDown(pod(...changes), looked));
      expect(kept).not.toContain(secret.value);
      expect(kept).not.toContain("kube-api-access");
      expect(kept).not.toContain("web:1");
    }
  });
});

test("pods are listed anew only for names that were not kept", () => {
  const [tracing] = policies;
  const kept = lookedAt(policies);
  expect(covers(kept, lookedAt(tracing ? [tracing] : []))).toBe(true);
  expect(covers(kept, lookedAt([aSidecarPolicy(withFields({ priority: 5 }))]))).toBe(true);
  expect(covers(kept, lookedAt([aSidecarPolicy(asking({ env: [{ name: "NEW", value: "1" }] }))]))).toBe(false);
});
