import { describe, expect, it, test } from "vitest";
import {
  canaryRevision,
  metricsRevision,
  type RevisionOfPod,
  stableRevision,
} from "../../../../src/core/analysis/builtin/canaryRevision.ts";

test.each([
  [{}, "latest"],
  [{ version: "v1" }, "v1"],
  [{ version: "v1", "app.kubernetes.io/version": "1.2" }, "1.2"],
  [{ version: "v1", "app.kubernetes.io/version": "1.2", "service.istio.io/canonical-revision": "abc" }, "abc"],
  [{ version: "" }, "latest"],
])("Istio calls a pod with the labels %j %s", (labels, revision) => expect(metricsRevision(labels)).toBe(revision));

test("stable's requests are known by what most of its pods have: those made before Serin have no label of its own", () => {
  const of = (...revisions: string[]) =>
    stableRevision([...revisions.map((revision) => ({ hash: "old", revision })), { hash: "new", revision: "new" }], "old");
  expect([of(), of("latest"), of("old", "latest", "latest"), of("v1", "v1")]).toEqual(["old", "latest", "latest", "v1"]);
});

describe("the canary's requests are known", () => {
  const pods = (...all: Array<[hash: string, revision: string]>): RevisionOfPod[] => all.map(([hash, revision]) => ({ hash, revision }));

  it("by the hash before there are pods, and as the webhook labels them", () => {
    expect(canaryRevision([], "new")).toEqual({ value: "new" });
    expect(canaryRevision(pods(["old", "old"], ["new", "new"], ["new", "new"]), "new")).toEqual({ value: "new" });
    expect(canaryRevision(pods(["old", "latest"], ["new", "new"]), "new")).toEqual({ value: "new" });
  });

  it("by what the team's own label says, when it says so for this version alone", () => {
    expect(canaryRevision(pods(["old", "v1"], ["new", "v2"]), "new")).toEqual({ value: "v2" });
  });

  it("by nothing when stable has the same, or when some of its pods were made past the webhook: then it is said", () => {
    expect(canaryRevision(pods(["old", "v1"], ["new", "v1"]), "new")).toEqual({
      missing: expect.stringMatching(/^canary and stable pods are both of revision v1 in Istio's metrics: label pods/),
    });
    expect(canaryRevision(pods(["old", "old"], ["new", "new"], ["new", "latest"]), "new")).toEqual({
      missing: expect.stringMatching(/^the canary's pods are of several revisions in Istio's metrics \(new, latest\)/),
    });
  });
});
