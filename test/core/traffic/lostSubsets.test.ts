import { describe, expect, test } from "vitest";
import { lostSubsets } from "../../../src/core/traffic/lostSubsets.ts";
import type { DestinationRuleObject, Route, VirtualServiceObject } from "../../../src/core/traffic/wire.ts";

const aRule = (host: string, namespace: string, ...subsets: string[]): DestinationRuleObject => ({
  metadata: { name: "rule", namespace },
  spec: { host, subsets: subsets.map((name) => ({ name, labels: { version: name } })) },
});
const aRoute = (...http: Route[]): VirtualServiceObject => ({ metadata: { name: "web", namespace: "shop" }, spec: { http } });
const to = (host: string, ...subsets: Array<string | undefined>): Route => ({
  route: subsets.map((subset) => ({ destination: subset === undefined ? { host } : { host, subset } })),
});
const lost = (route: VirtualServiceObject, ...rules: DestinationRuleObject[]) =>
  lostSubsets([route], rules).flatMap(({ subsets }) => subsets);

describe("a subset is lost", () => {
  test("where no rule for its host names it, and it is told whose it was", () => {
    const lost = { route: "shop/web", host: "web", isOurs: false };
    const route = aRoute(to("web", "v1", "rev-4n5mxwtkdm", "rev-9xttgxqnzc", undefined), to("web", "v1"));
    expect(lostSubsets([route], [aRule("web", "shop", "v2")])).toEqual([
      { ...lost, subsets: ["v1"], isOfPlan: false },
      { ...lost, subsets: ["rev-4n5mxwtkdm", "rev-9xttgxqnzc"], isOfPlan: true },
    ]);
  });

  test("in a route of ours that outlived its plan", () => {
    const { metadata, spec } = aRoute(to("web", "rev-4n5mxwtkdm"));
    const ours = { metadata: { ...metadata, labels: { "app.kubernetes.io/managed-by": "serin" } }, spec };
    expect(lostSubsets([ours], [])).toMatchObject([{ isOurs: true }]);
  });

  test("where the rule is another namespace's Service of that name", () => {
    expect(lost(aRoute(to("web", "v1")), aRule("web", "other", "v1"))).toEqual(["v1"]);
  });

  test("in mirrors, tls and tcp routes, too", () => {
    const spec: VirtualServiceObject["spec"] = {
      http: [{ mirror: { host: "web", subset: "a" }, mirrors: [{ destination: { host: "web", subset: "b" } }] }],
      tls: [to("web", "c")],
      tcp: [to("web", "d")],
    };
    expect(lost({ metadata: { name: "web", namespace: "shop" }, spec })).toEqual(["a", "b", "c", "d"]);
  });
});

describe("it is not", () => {
  test.each<[string, string, DestinationRuleObject]>([
    ["its rule names it", "web", aRule("web", "shop", "v1")],
    ["the rule has the full name", "web", aRule("web.shop.svc.cluster.local", "istio-system", "v1")],
    ["the route has it", "web.other.svc.cluster.local", aRule("web", "other", "v1")],
    ["a wildcard rule covers it", "web", aRule("*.shop.svc.cluster.local", "istio-system", "v1")],
    ["the host is outside", "example.com", aRule("example.com", "shop", "v1")],
    ["a wildcard covers what is outside", "api.example.com", aRule("*.example.com", "shop", "v1")],
  ])("%s", (_, host, rule) => {
    expect(lost(aRoute(to(host, "v1")), rule)).toEqual([]);
  });

  test("of routes and rules that name none", () => {
    expect(
      lost({ metadata: { name: "web", namespace: "shop" }, spec: {} }, { metadata: { name: "r", namespace: "x" }, spec: { host: "web" } }),
    ).toEqual([]);
  });
});
