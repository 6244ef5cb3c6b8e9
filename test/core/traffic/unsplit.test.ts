import { describe, expect, it } from "vitest";
import { collapseVirtualService } from "../../../src/core/traffic/collapse.ts";
import { splitVirtualService } from "../../../src/core/traffic/split.ts";
import { hasSplit, restoreVirtualService } from "../../../src/core/traffic/unsplit.ts";
import type { RouteDestination, VirtualServiceSpec } from "../../../src/core/traffic/wire.ts";
import { at, canary, frozen, http, longSubset, ours, stable, to, told } from "./virtualServices.ts";

const split = (spec: VirtualServiceSpec, weight: number) => frozen(splitVirtualService(spec, at(weight)).spec);
const rs = { subset: `rev-${stable}` };
const rc = { subset: `rev-${canary}` };

describe("with the original", () => {
  it("an untouched split gives the original itself", () => {
    const original = http([to("nginx", 70), to("other", 30)], [to("nginx")]);
    expect(restoreVirtualService(split(original, 33), original, ours)).toBe(original);
  });

  it("a spec without a split is returned as it is", () => {
    const current = http([to("nginx", 55), to("other", 45)]);
    expect(restoreVirtualService(current, http([to("nginx")]), ours)).toBe(current);
  });

  it.each<[string, RouteDestination[], number, (list: readonly RouteDestination[]) => RouteDestination[], string[]]>([
    ["another third party", [to("nginx", 70), to("other", 30)], 30, (list) => [...list, to("new", 10)], ["nginx 70", "other 30", "new 10"]],
    [
      "a third party's weight, within a factor",
      [to("nginx", 70), to("other", 30)],
      33,
      ([s, c]) => [s, c, to("other", 500)].filter((one) => one !== undefined),
      ["nginx 70", "other 50"],
    ],
    [
      "a third party's weight that the factor does not divide",
      [to("nginx", 70), to("other", 30)],
      33,
      ([s, c]) => [s, c, to("other", 305)].filter((one) => one !== undefined),
      ["nginx 700", "other 305"],
    ],
    [
      "the weights of our pair",
      [to("nginx", 70), to("other", 30)],
      30,
      () => [to("nginx", 10, rs), to("nginx", 40, rc), to("other", 50)],
      ["nginx 50", "other 50"],
    ],
    [
      "the canary's half taken out",
      [to("nginx", 70), to("other", 30)],
      30,
      () => [to("nginx", 70, rs), to("other", 30)],
      ["nginx 70", "other 30"],
    ],
    [
      "the halves moved apart",
      [to("nginx", 70), to("other", 30)],
      30,
      ([s, c, o]) => [s, o, c].filter((one) => one !== undefined),
      ["nginx 70", "other 30"],
    ],
    [
      "the port of a lone destination",
      [to("nginx")],
      30,
      (list) => list.map((one) => ({ ...one, destination: { ...one.destination, port: { number: 81 } } })),
      ["nginx"],
    ],
    ["its header only", [to("nginx", 100)], 30, (list) => list.map((one) => ({ ...one, headers: {} })), ["nginx 100"]],
    [
      "back by hand, half of it",
      [to("nginx", 70), to("other", 30)],
      30,
      () => [to("nginx", 70), to("other", 30)],
      ["nginx 70", "other 30"],
    ],
  ])("keeps the team's change: %s", (_, before, weight, change, expected) => {
    const original = http(before, [to("nginx")]);
    const current = split(original, weight);
    const [first, second] = current.http ?? [];
    const edited = frozen({ ...current, http: [{ ...first, route: change(first?.route ?? []) }, second ?? {}] });
    const back = restoreVirtualService(edited, original, ours);
    expect(told(back.http?.[0]?.route)).toEqual(expected);
    expect(back.http?.[1]).toBe(original.http?.[1]);
    expect(hasSplit(back, ours)).toBe(false);
  });

  it("a shortened subset gets its name back, from the original alone", () => {
    const original = http([to("nginx", 100, { subset: longSubset })], [to("nginx")]);
    const current = split(original, 30);
    const edited = frozen({ ...current, http: current.http?.map((route) => ({ ...route, timeout: "1s" })) ?? [] });
    const { teamSubsets: _, ...bare } = ours;
    expect(restoreVirtualService(edited, original, bare)).toEqual({
      ...original,
      http: original.http?.map((route) => ({ ...route, timeout: "1s" })),
    });
  });

  it("a subset of the team's that looks like ours survives without being told of", () => {
    const original = http([to("nginx", 100, { subset: "rev-blue" })]);
    const { teamSubsets: _, ...bare } = ours;
    expect(restoreVirtualService(split(original, 30), original, bare)).toBe(original);
  });
});

describe("without the original", () => {
  it.each<[string, RouteDestination[], string[]]>([
    ["a pair is one destination, alone without a weight", [to("nginx", 70, rs), to("nginx", 30, rc)], ["nginx"]],
    ["a factor is divided out", [to("nginx", 469, rs), to("nginx", 231, rc), to("other", 300)], ["nginx 70", "other 30"]],
    ["what is no factor of ours stays", [to("nginx", 490, rs), to("nginx", 210, rc), to("other", 300)], ["nginx 700", "other 300"]],
    ["a weight that was written out otherwise stays", [to("nginx", 35, rs), to("nginx", 15, rc)], ["nginx 50"]],
    [
      "the team's subset comes back",
      [to("nginx", 70, { subset: `rev-${stable}-v1` }), to("nginx", 30, { subset: `rev-${canary}-v1` })],
      ["nginx:v1"],
    ],
    ["what was pinned stays at 0", [to("nginx", 0, rs), to("other", 100)], ["nginx 0", "other 100"]],
    [
      "a long name nobody knows any more is left out rather than wrong",
      [to("nginx", 100, { subset: `rev-${stable}-${"y".repeat(39)}-0123abcd` })],
      ["nginx"],
    ],
  ])("%s", (_, list, expected) => {
    expect(told(collapseVirtualService(http(list)).http?.[0]?.route)).toEqual(expected);
  });

  it("every host's subsets go, with hosts only those of ours, and mirrors too", () => {
    const spec = frozen({ http: [{ route: [to("nginx", 100, rs), to("other", 0, rs)], mirror: { host: "other", ...rs } }] });
    expect(collapseVirtualService(spec)).toEqual({ http: [{ route: [to("nginx", 100), to("other", 0)], mirror: { host: "other" } }] });
    expect(told(collapseVirtualService(spec, ours).http?.[0]?.route)).toEqual(["nginx 100", "other:rev-stable 0"]);
  });
});
