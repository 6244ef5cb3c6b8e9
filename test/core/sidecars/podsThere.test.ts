import { describe, expect, test } from "vitest";
import { named } from "../../build/change.ts";
import { aSidecarPolicy, asking, withFields } from "../../build/sidecarPolicy.ts";
import { asked, container, going, initContainer, label, lacking, madeAt, pod, stored } from "./cases.ts";

const enabled = aSidecarPolicy(asking({ istio: { inject: "Enabled" } }));
const disabled = aSidecarPolicy(named("quiet"), asking({ istio: { inject: "Disabled" } }));

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
