import { describe, expect, it } from "vitest";
import { splitVirtualService } from "../../../src/core/traffic/split.ts";
import type { RouteDestination, VirtualServiceSpec } from "../../../src/core/traffic/wire.ts";
import { at, frozen, http, longSubset, to, told } from "./virtualServices.ts";

const splitList = (list: RouteDestination[], weight: number) => told(splitVirtualService(http(list), at(weight)).spec.http?.[0]?.route);

describe("a route is split in place", () => {
  it.each<[string, RouteDestination[], number, string[]]>([
    ["alone without a weight it has 100", [to("nginx")], 30, ["nginx:rev-stable 70", "nginx:rev-canary 30"]],
    ["alone with weight 0 it has 100 too, as in Istio", [to("nginx", 0)], 30, ["nginx:rev-stable 70", "nginx:rev-canary 30"]],
    ["at 0 the canary's destination stays", [to("nginx")], 0, ["nginx:rev-stable 100", "nginx:rev-canary 0"]],
    ["at 100 the stable one stays", [to("nginx")], 100, ["nginx:rev-stable 0", "nginx:rev-canary 100"]],
    ["beside another", [to("nginx", 70), to("other", 30)], 30, ["nginx:rev-stable 49", "nginx:rev-canary 21", "other 30"]],
    ["the order is kept", [to("other", 30), to("nginx", 70)], 30, ["other 30", "nginx:rev-stable 49", "nginx:rev-canary 21"]],
    [
      "all weights grow by the smallest factor",
      [to("nginx", 70), to("other", 30)],
      33,
      ["nginx:rev-stable 469", "nginx:rev-canary 231", "other 300"],
    ],
    [
      "the factor is no larger than it must be",
      [to("nginx", 50), to("other", 50)],
      1,
      ["nginx:rev-stable 99", "nginx:rev-canary 1", "other 100"],
    ],
    ["1 % of 1 is 1 of 100", [to("nginx", 1), to("other", 99)], 1, ["nginx:rev-stable 99", "nginx:rev-canary 1", "other 9900"]],
    [
      "each of ours is split",
      [to("nginx", 60), to("nginx", 40, { port: { number: 81 } })],
      50,
      ["nginx:rev-stable 30", "nginx:rev-canary 30", "nginx:rev-stable 20", "nginx:rev-canary 20"],
    ],
    ["inside a subset of the team's", [to("nginx", 100, { subset: "v1" })], 10, ["nginx:rev-stable-v1 90", "nginx:rev-canary-v1 10"]],
    [
      "a subset that only looks like ours is the team's",
      [to("nginx", 100, { subset: "rev-blue" })],
      10,
      ["nginx:rev-stable-rev-blue 90", "nginx:rev-canary-rev-blue 10"],
    ],
    ["what gets nothing is pinned to stable", [to("nginx", 0), to("other", 100)], 30, ["nginx:rev-stable 0", "other 100"]],
    ["an absent weight beside others is 0", [to("nginx"), to("other", 100)], 30, ["nginx:rev-stable", "other 100"]],
    [
      "the same name elsewhere is somebody else's",
      [to("nginx.example.com", 50), to("nginx.prod.svc.cluster.local", 50)],
      30,
      ["nginx.example.com 50", "nginx.prod.svc.cluster.local 50"],
    ],
    [
      "weights near int32 are rounded, never 0, and third parties stay exact",
      [to("nginx", 1_999_999_999), to("other", 1)],
      33,
      ["nginx:rev-stable 1339999999", "nginx:rev-canary 660000000", "other 1"],
    ],
  ])("%s", (_, list, weight, expected) => {
    expect(splitList(list, weight)).toEqual(expected);
  });

  it("copies headers, port and unknown fields to both, and keeps the order of keys", () => {
    const entry = frozen({
      headers: { request: { set: { a: "1" } } },
      weight: 100,
      destination: { port: { number: 80 }, host: "nginx" },
      x: 1,
    });
    const [first, second] = splitVirtualService(http([entry]), at(30)).spec.http?.[0]?.route ?? [];
    expect(JSON.stringify(first)).toBe(
      '{"headers":{"request":{"set":{"a":"1"}}},"weight":70,"destination":{"port":{"number":80},"host":"nginx","subset":"rev-5d59d67564"},"x":1}',
    );
    expect({ ...second, weight: 70, destination: first?.destination }).toEqual(first);
  });

  it("shortens a name of more than 62 characters, and both are DNS labels", () => {
    const subsets = splitVirtualService(http([to("nginx", 100, { subset: longSubset })]), at(30)).spec.http?.[0]?.route?.map(
      (entry) => entry.destination.subset,
    );
    expect(subsets).toEqual([
      expect.stringMatching(/^rev-5d59d67564-eu-x+-[0-9a-f]{8}$/),
      expect.stringMatching(/^rev-7b9f8c6d44-eu-x+-[0-9a-f]{8}$/),
    ]);
    expect(subsets?.map((name) => name?.length)).toEqual([63, 63]);
  });
});

describe("a VirtualService", () => {
  const spec: VirtualServiceSpec = frozen({
    hosts: ["shop.example.com"],
    http: [
      { match: [{ uri: { prefix: "/old" } }], redirect: { uri: "/new" } },
      { name: "api", route: [to("nginx")], mirror: { host: "nginx" }, mirrorPercentage: { value: 5 } },
      { route: [to("other")], mirrors: [{ destination: { host: "nginx", subset: "v1" }, percentage: { value: 1 } }] },
      { delegate: { name: "nginx" } },
      { route: [to("other")] },
    ],
    tls: [{ match: [{ sniHosts: ["nginx"] }], route: [to("nginx")] }],
    tcp: [{ match: [{ port: 6379 }], route: [to("nginx", 10), to("nginx", 90, { subset: "v1" })] }],
  });
  const { spec: after, edited } = splitVirtualService(spec, at(30));

  it("has http, tls and tcp routes split, mirrors pinned, the rest untouched", () => {
    expect(edited.map((route) => route.path)).toEqual(["http[1] (api)", "http[2]", "tls[0]", "tcp[0]"]);
    expect([after.http?.[0], after.http?.[3], after.http?.[4]]).toEqual([spec.http?.[0], spec.http?.[3], spec.http?.[4]]);
    expect(after.http?.[1]).toMatchObject({ mirror: { host: "nginx", subset: "rev-5d59d67564" }, mirrorPercentage: { value: 5 } });
    expect(after.http?.[2]?.mirrors).toEqual([{ destination: { host: "nginx", subset: "rev-5d59d67564-v1" }, percentage: { value: 1 } }]);
    expect(told(after.tls?.[0]?.route)).toEqual(["nginx:rev-stable 70", "nginx:rev-canary 30"]);
    expect(told(after.tcp?.[0]?.route)).toEqual([
      "nginx:rev-stable 7",
      "nginx:rev-canary 3",
      "nginx:rev-stable-v1 63",
      "nginx:rev-canary-v1 27",
    ]);
  });

  it("without a route of ours is the very same object", () => {
    const foreign = http([to("other")]);
    expect(splitVirtualService(foreign, at(30))).toEqual({ spec: foreign, edited: [] });
    expect(splitVirtualService(foreign, at(30)).spec).toBe(foreign);
  });

  it("with leftovers of an earlier plan is split between the two revisions of now", () => {
    const left = http([to("nginx", 40, { subset: "rev-aaaa" }), to("nginx", 60, { subset: "rev-bbbb" })]);
    expect(told(splitVirtualService(left, at(10)).spec.http?.[0]?.route)).toEqual(["nginx:rev-stable 90", "nginx:rev-canary 10"]);
  });

  it.each([-1, 101, 0.5, Number.NaN])("is not split at weight %d", (weight) => {
    expect(() => splitVirtualService(spec, at(weight))).toThrow(RangeError);
  });
});
