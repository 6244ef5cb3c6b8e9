import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { apiVersion } from "../../src/api/names.ts";
import { parseSidecarPolicy } from "../../src/api/parse.ts";
import { quantityOf } from "../../src/api/quantity.ts";
import { aSidecarPolicy, asking, type SidecarPolicyInput, withFields } from "../build/sidecarPolicy.ts";
import { badSidecarPolicies } from "./badSidecarPolicies.ts";

const parsed = (spec: unknown) => parseSidecarPolicy({ apiVersion, kind: "SidecarPolicy", metadata: { name: "it" }, spec });

test("what is not written is filled in", () => {
  const { spec } = aSidecarPolicy(asking({ istio: { inject: "Enabled" } }));
  expect(spec).toEqual({
    suspend: false,
    priority: 0,
    match: { namespaceSelector: {}, podSelector: {}, track: "Any" },
    istio: { inject: "Enabled" },
    enforcement: "Enforce",
    optOut: "Allow",
    security: "Restricted",
  });
});

test.each(badSidecarPolicies)("is refused: %s", (_, spec, says) => {
  expect(parsed(spec).error).toContain(says.ours ?? says.both);
});

test("who means it may write what PodSecurity restricted refuses", () => {
  const privileged: Partial<SidecarPolicyInput> = {
    containers: [{ name: "tracer", image: "t:1", securityContext: { privileged: true, runAsUser: 0 } }],
  };
  expect(() => aSidecarPolicy(asking(privileged))).toThrow("security: AsWritten");
  expect(aSidecarPolicy(asking({ ...privileged, security: "AsWritten" })).spec.containers?.[0]?.securityContext).toEqual({
    privileged: true,
    runAsUser: 0,
  });
});

test("the examples are policies", () => {
  const text = readFileSync(join(import.meta.dirname, "../../manifests/examples/sidecars.yaml"), "utf8");
  const results = parseAllDocuments(text).map((document) => parseSidecarPolicy(document.toJS()));
  expect(results.map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
});

test("a status that a newer Serin wrote is overlooked", () => {
  const draft = aSidecarPolicy(withFields({ priority: 3 }));
  expect(parseSidecarPolicy({ ...draft, status: { novelty: true } }).policy).toMatchObject({ spec: { priority: 3 } });
});

describe("amounts", () => {
  test.each([
    ["1", 1],
    ["100m", 0.1],
    ["1.5", 1.5],
    ["64Mi", 67_108_864],
    ["1k", 1000],
    ["1e3", 1000],
    ["2E-1", 0.2],
    ["1E", 1e18],
    [".5Ki", 512],
    ["-1", -1],
  ])("%s is %s", (text, number) => expect(quantityOf(text)).toBe(number));
  test.each(["", "m", "1 Mi", "1.2.3", "1q", "1ee3", "0x10"])("%j is none", (text) => expect(quantityOf(text)).toBeUndefined());
});
