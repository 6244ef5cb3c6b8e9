import { describe, expect, it } from "vitest";
import type { CanaryPolicy } from "../../../src/api/policy.ts";
import { imageChanges, matchesGlob } from "../../../src/core/admission/images.ts";
import { explainPolicyFor, type PolicyTarget, policyFor } from "../../../src/core/admission/policyFor.ts";
import { policy } from "./build.ts";

const target = (fields: Partial<PolicyTarget> & { from?: string; to?: string } = {}): PolicyTarget => {
  const { from = "nginx:1.23", to = "nginx:1.24", ...rest } = fields;
  const [before, after] = [new Map([["nginx", from]]), new Map([["nginx", to]])];
  return {
    namespace: "shop",
    namespaceLabels: { "kubernetes.io/metadata.name": "shop", team: "red" },
    deploymentLabels: { app: "web", tier: "front" },
    changes: imageChanges(before, after),
    images: after,
    ...rest,
  };
};
const chosen = (policies: CanaryPolicy[], fields?: Parameters<typeof target>[0]) => {
  const match = explainPolicyFor(target(fields), policies, "serin-system");
  expect(policyFor(target(fields), policies, "serin-system")).toBe(match.policy);
  return match;
};

describe("which policy applies", () => {
  it("is the one with the highest priority, then the first name in byte order", () => {
    const { policy: found, others } = chosen([
      policy("b"),
      policy("a"),
      policy("Z"),
      policy("top", { priority: 5 }),
      policy("low", { priority: -1 }),
    ]);
    expect(found?.metadata.name).toBe("top");
    expect(others).toEqual([
      { name: "Z", why: "policy top goes first (priority 5 against 0)" },
      { name: "a", why: "policy top goes first (priority 5 against 0)" },
      { name: "b", why: "policy top goes first (priority 5 against 0)" },
      { name: "low", why: "policy top goes first (priority 5 against -1)" },
    ]);
    expect(chosen([policy("b"), policy("a"), policy("Z")]).policy?.metadata.name).toBe("Z");
  });

  const reasons: Record<string, { given: CanaryPolicy; fields?: Parameters<typeof target>[0]; why: string }> = {
    "a system namespace": {
      given: policy(),
      fields: { namespace: "istio-system" },
      why: "istio-system is a system namespace, which Serin never touches",
    },
    "Serin's own namespace": {
      given: policy(),
      fields: { namespace: "serin-system" },
      why: "serin-system is a system namespace, which Serin never touches",
    },
    "a suspended policy": { given: policy("p", { suspend: true }), why: "the policy is suspended" },
    "a deleted policy": { given: policy("p", {}, { deletionTimestamp: "2026-11-23T10:00:00Z" }), why: "the policy is being deleted" },
    "a namespace without the label": {
      given: policy("p", { match: { namespaceSelector: { matchLabels: { canary: "on" } } } }),
      why: "namespaceSelector: label canary is missing",
    },
    "a namespace with another value": {
      given: policy("p", { match: { namespaceSelector: { matchLabels: { team: "blue" } } } }),
      why: "namespaceSelector: label team is red, not blue",
    },
    "a Deployment outside In": {
      given: policy("p", { match: { deploymentSelector: { matchExpressions: [{ key: "tier", operator: "In", values: ["back"] }] } } }),
      why: "deploymentSelector: label tier is front, not in back",
    },
    "a Deployment inside NotIn": {
      given: policy("p", { match: { deploymentSelector: { matchExpressions: [{ key: "tier", operator: "NotIn", values: ["front"] }] } } }),
      why: "deploymentSelector: label tier is front, which is excluded",
    },
    "a label that must exist": {
      given: policy("p", { match: { deploymentSelector: { matchExpressions: [{ key: "canary", operator: "Exists" }] } } }),
      why: "deploymentSelector: label canary is missing",
    },
    "a label that must not exist": {
      given: policy("p", { match: { deploymentSelector: { matchExpressions: [{ key: "app", operator: "DoesNotExist" }] } } }),
      why: "deploymentSelector: label app is there",
    },
    "another image": {
      given: policy("p", { match: { images: ["redis*", "*/redis:*"] } }),
      why: "the changed images (nginx:1.24) don't match redis*, */redis:*",
    },
    "no changed image": { given: policy("p"), fields: { changes: [] }, why: "no image changes, and its trigger is Image" },
    "trigger Template without a matching image": {
      given: policy("p", { trigger: "Template", match: { images: ["redis*"] } }),
      fields: { changes: [] },
      why: "no image of the template matches redis*",
    },
  };
  for (const [what, { given, fields, why }] of Object.entries(reasons)) {
    it(`is not one for ${what}`, () => {
      expect(chosen([given], fields)).toEqual({ others: [{ name: given.metadata.name, why }] });
    });
  }

  it("matches the old image or the new one", () => {
    const given = policy("p", { match: { images: ["nginx:*"] } });
    expect(chosen([given], { from: "nginx:1", to: "caddy:2" }).policy).toBe(given);
    expect(chosen([given], { from: "caddy:2", to: "nginx:1" }).policy).toBe(given);
  });

  it("takes a NotIn for a label that is absent, as Kubernetes does", () => {
    const given = policy("p", { match: { deploymentSelector: { matchExpressions: [{ key: "x", operator: "NotIn", values: ["y"] }] } } });
    expect(chosen([given]).policy).toBe(given);
  });

  it("is not fooled by label keys that objects inherit", () => {
    const given = policy("p", { match: { deploymentSelector: { matchExpressions: [{ key: "constructor", operator: "Exists" }] } } });
    expect(chosen([given]).policy).toBeUndefined();
  });
});

describe("a glob", () => {
  const cases: Array<[glob: string, text: string, matches: boolean]> = [
    ["*", "", true],
    ["*", "registry/a:b", true],
    ["nginx", "nginx", true],
    ["nginx", "nginx:1", false],
    ["nginx:*", "nginx:1.24", true],
    ["*/nginx:*", "reg.io/team/nginx:1", true],
    ["*/nginx:*", "nginx:1", false],
    ["a*a", "a", false],
    ["a*a", "aa", true],
    ["a*b*c", "a-c-b-c", true],
    ["a*b*c", "a-c-c", false],
    ["**", "x", true],
    ["reg.io/*", "regxio/a", false],
    ["a*bc*c", "abc", false],
  ];
  for (const [glob, text, matches] of cases) {
    it(`${glob} ${matches ? "matches" : "does not match"} "${text}"`, () => expect(matchesGlob(glob, text)).toBe(matches));
  }

  it("of a thousand stars takes no time", () => {
    const started = performance.now();
    expect(matchesGlob(`${"a*".repeat(1000)}b`, "a".repeat(100_000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
