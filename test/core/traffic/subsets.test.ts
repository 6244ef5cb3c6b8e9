import { describe, expect, it } from "vitest";
import { rulesInTheWay } from "../../../src/core/traffic/rulesInTheWay.ts";
import { destinationRuleFor, type SubsetsWanted, subsetsEqual } from "../../../src/core/traffic/subsets.ts";
import { aRule, aService } from "./istioObjects.ts";

const service = aService();
const wanted: SubsetsWanted = { stable: "aaaa", canary: "bbbb", teamRules: [], meshRules: [], teamSubsetsUsed: [], planName: "nginx-x1" };
const revisions = [
  { name: "rev-aaaa", labels: { "pod-template-hash": "aaaa" } },
  { name: "rev-bbbb", labels: { "pod-template-hash": "bbbb" } },
];
const v1 = { name: "v1", labels: { version: "v1" }, trafficPolicy: { loadBalancer: { simple: "RANDOM" } } };
const policy = { connectionPool: { tcp: { maxConnections: 10 } } };
const specFor = (more: Partial<SubsetsWanted>) => destinationRuleFor(service, { ...wanted, ...more }).spec;

describe("the DestinationRule with the revisions' subsets", () => {
  it("is named for the Service, marked as ours and has nothing but subsets when nobody has a rule", () => {
    expect(destinationRuleFor(service, wanted)).toEqual({
      apiVersion: "networking.istio.io/v1",
      kind: "DestinationRule",
      metadata: {
        name: "nginx-serin",
        namespace: "shop",
        labels: { "app.kubernetes.io/managed-by": "serin", "serin.dev/plan": "nginx-x1" },
      },
      spec: { host: "nginx.shop.svc.cluster.local", subsets: revisions },
    });
  });

  it("inherits the team's policy by merging, so it copies exportTo as written and no policy", () => {
    const team = aRule("nginx", { host: "nginx", exportTo: ["*"], trafficPolicy: policy, subsets: [v1] });
    expect(specFor({ teamRules: [team] })).toEqual({ host: "nginx.shop.svc.cluster.local", exportTo: ["*"], subsets: revisions });
    expect(specFor({ teamRules: [aRule("nginx", { host: "nginx", exportTo: [] })] }).exportTo).toEqual([]);
  });

  it("follows the youngest of rules that don't merge, and no rule with a workloadSelector or of our own", () => {
    const rules = [aRule("b", { host: "nginx", exportTo: ["."] }, { created: 2 }), aRule("a", { host: "nginx" }, { created: 1 })];
    expect(specFor({ teamRules: rules }).exportTo).toEqual(["."]);
    expect(specFor({ teamRules: [aRule("s", { host: "nginx", exportTo: ["."], workloadSelector: {} })] }).exportTo).toBeUndefined();
    const own = destinationRuleFor(service, { ...wanted, teamRules: rules });
    expect(specFor({ teamRules: [own] }).exportTo).toBeUndefined();
  });

  it("opens a rule that is exported to some namespaces for the callers whose routes name our subsets", () => {
    const team = aRule("nginx", { host: "nginx", exportTo: ["."] });
    expect(specFor({ teamRules: [team], callers: ["istio-system", "shop", "istio-system"] }).exportTo).toEqual([".", "istio-system"]);
  });

  it("splits the team's subsets in use inside their labels and with their policy", () => {
    const team = aRule("nginx", { host: "nginx", subsets: [v1, { name: "v2", labels: { version: "v2" } }] });
    expect(specFor({ teamRules: [team], teamSubsetsUsed: ["v1", "v1", "unknown"] }).subsets).toEqual([
      ...revisions,
      { ...v1, name: "rev-aaaa-v1", labels: { version: "v1", "pod-template-hash": "aaaa" } },
      { ...v1, name: "rev-bbbb-v1", labels: { version: "v1", "pod-template-hash": "bbbb" } },
    ]);
  });

  it("copies what it hides: the most specific rule of the root namespace", () => {
    const everywhere = aRule("default", { host: "*.local", trafficPolicy: { tls: {} } }, { namespace: "istio-system" });
    const shop = aRule(
      "shop",
      { host: "*.shop.svc.cluster.local", trafficPolicy: policy, subsets: [v1], exportTo: ["*"] },
      { namespace: "istio-system" },
    );
    expect(specFor({ meshRules: [everywhere, shop] })).toEqual({
      host: "nginx.shop.svc.cluster.local",
      trafficPolicy: policy,
      subsets: [v1, ...revisions],
    });
  });

  it("copies a wildcard rule of its own namespace rather than one of the root namespace", () => {
    const near = aRule("near", { host: "*.shop.svc.cluster.local", trafficPolicy: policy });
    const far = aRule("far", { host: "nginx.shop.svc.cluster.local", trafficPolicy: {} }, { namespace: "istio-system" });
    expect(specFor({ teamRules: [near], meshRules: [far] }).trafficPolicy).toEqual(policy);
    expect(specFor({ teamRules: [aRule("nginx", { host: "nginx" }), near], meshRules: [far] }).trafficPolicy).toBeUndefined();
  });

  it("has a name that fits a DNS label for the longest Service", () => {
    const { name } = destinationRuleFor(aService([], { name: "a".repeat(63) }), wanted).metadata;
    expect(name).toMatch(/^a{48}-[0-9a-f]{8}-serin$/);
  });

  it("equals another one whatever the order of subsets and exportTo, and not with another label of a subset", () => {
    const one = destinationRuleFor(service, wanted);
    expect(
      subsetsEqual(one, { ...one, metadata: { ...one.metadata, uid: "1" }, spec: { ...one.spec, subsets: [...revisions].reverse() } }),
    ).toBe(true);
    expect(subsetsEqual(one, destinationRuleFor(service, { ...wanted, canary: "cccc" }))).toBe(false);
    expect(subsetsEqual(one, { ...one, spec: { ...one.spec, trafficPolicy: policy } })).toBe(false);
    expect(subsetsEqual(one, { ...one, metadata: { ...one.metadata, labels: {} } })).toBe(false);
  });
});

describe("rules in the way of the subsets", () => {
  const seen = { teamRules: [], meshRules: [], callerRules: [], teamSubsetsUsed: [], canaryLabels: { app: "nginx", version: "v1" } };

  it("are none where the team's rule merges", () => {
    expect(
      rulesInTheWay(service, { ...seen, teamRules: [aRule("nginx", { host: "nginx", subsets: [v1] })], teamSubsetsUsed: ["v1"] }),
    ).toEqual([]);
  });

  it("are those that are used alone, that don't merge, and those of callers' namespaces", () => {
    const found = rulesInTheWay(service, {
      ...seen,
      teamRules: [
        aRule("selected", { host: "nginx", workloadSelector: { matchLabels: { app: "web" } } }),
        aRule("old", { host: "nginx", exportTo: ["*"] }, { created: 1 }),
        aRule("young", { host: "nginx" }, { created: 2 }),
      ],
      callerRules: [
        aRule("mine", { host: "nginx.shop.svc.cluster.local" }, { namespace: "web" }),
        aRule("else", { host: "nginx" }, { namespace: "web" }),
      ],
    });
    expect(found.map((rule) => [rule.object, rule.why])).toEqual([
      ["shop/selected", "workloadSelector"],
      ["shop/old", "exportTo"],
      ["web/mine", "callerNamespace"],
    ]);
    expect(found[2]?.message).toBe("DestinationRule web/mine overrides nginx.shop for callers in its own namespace");
  });

  it("are subsets that nobody defines, or that the new pods would not be in", () => {
    const teamRules = [aRule("nginx", { host: "nginx", subsets: [v1, { name: "v2", labels: { version: "v2" } }] })];
    expect(rulesInTheWay(service, { ...seen, teamRules, teamSubsetsUsed: ["v1", "v2", "v3"] }).map((rule) => rule.message)).toEqual([
      "the new pods lack version=v2, so the subset v2 of Service shop/nginx would have none of them",
      "no DestinationRule defines the subset v3 of Service shop/nginx",
    ]);
  });
});
