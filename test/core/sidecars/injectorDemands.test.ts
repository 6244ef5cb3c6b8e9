import { describe, expect, test } from "vitest";
import type { SidecarPolicy } from "../../../src/api/sidecarPolicy.ts";
import { fixesOf } from "../../../src/core/sidecars/demandsOn.ts";
import { named } from "../../build/change.ts";
import { aSidecarPolicy, asking } from "../../build/sidecarPolicy.ts";
import { annotation, asked, beingMade, label, lacking, pod } from "./cases.ts";

const enabled = aSidecarPolicy(asking({ istio: { inject: "Enabled" } }));
const disabled = aSidecarPolicy(named("quiet"), asking({ istio: { inject: "Disabled" } }));
const fixes = (...args: Parameters<typeof asked>) => fixesOf(asked(...args));

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

  test("of two policies that disagree the first one is heard", () => {
    const demands = asked(beingMade(pod()), disabled, aSidecarPolicy(asking({ istio: { inject: "Enabled" }, priority: 5 })));
    expect(fixesOf(demands)).toEqual([{ kind: "label", key: "sidecar.istio.io/inject", value: "true" }]);
    expect(lacking(demands)).toContain(
      'OtherPolicyFirst: being without Istio\'s proxy: policy tracing goes first and wants sidecar.istio.io/inject: "true"',
    );
  });
});
