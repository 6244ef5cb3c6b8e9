import { describe, expect, it } from "vitest";
import { keepSplit } from "../../../src/core/traffic/reapply.ts";
import { splitVirtualService } from "../../../src/core/traffic/split.ts";
import { splitInForce, weightsOf } from "../../../src/core/traffic/weights.ts";
import { at, canary, frozen, http, ours, stable, to, told } from "./virtualServices.ts";

const rs = { subset: `rev-${stable}` };
const rc = { subset: `rev-${canary}` };

describe("the weight in force", () => {
  it("is read from each route and as the largest of them", () => {
    const spec = http(
      [to("nginx", 70, rs), to("nginx", 30, rc)],
      [to("nginx", 60, rs), to("nginx", 20, rc), to("other", 20)],
      [to("nginx")],
      [to("other")],
    );
    expect(weightsOf(spec, ours)).toEqual({
      canary: 30,
      least: 25,
      perRoute: [
        { protocol: "http", index: 0, path: "http[0]", canary: 30 },
        { protocol: "http", index: 1, path: "http[1]", canary: 25 },
      ],
      unsplit: [{ protocol: "http", index: 2, path: "http[2]" }],
      revisions: { stable, canary },
    });
  });

  it("is undefined without a split of ours", () => {
    expect(weightsOf(http([to("nginx")]), ours)).toBeUndefined();
    expect(weightsOf(http([to("other", 70, rs), to("other", 30, rc)]), ours)).toBeUndefined();
  });

  it("to keep is the smallest, whole, and not 0 unless it is", () => {
    expect(splitInForce(http([to("nginx", 999, rs), to("nginx", 1, rc)]), ours)?.weight).toBe(1);
    expect(splitInForce(http([to("nginx", 100, rs), to("nginx", 0, rc)], [to("nginx", 70, rs), to("nginx", 30, rc)]), ours)?.weight).toBe(
      0,
    );
  });
});

describe("a re-apply", () => {
  const manifest = http([to("nginx", 70), to("other", 30)]);
  const old = frozen(splitVirtualService(manifest, at(30)).spec);

  it("of a manifest with a new route gets the split in all routes", () => {
    const next = http([to("nginx", 50), to("other", 50)], [to("nginx")]);
    expect(keepSplit(next, old, ours).http?.map((route) => told(route.route))).toEqual([
      ["nginx:rev-stable 35", "nginx:rev-canary 15", "other 50"],
      ["nginx:rev-stable 70", "nginx:rev-canary 30"],
    ]);
  });

  it("with our numbers edited by hand keeps what ours get together and divides it at the weight", () => {
    const next = http([to("nginx", 0, rs), to("nginx", 50, rc), to("other", 50)]);
    expect(told(keepSplit(next, old, ours).http?.[0]?.route)).toEqual(["nginx:rev-stable 35", "nginx:rev-canary 15", "other 50"]);
  });

  it("over an object without a split is left as it is", () => {
    expect(keepSplit(manifest, manifest, ours)).toBe(manifest);
    expect(keepSplit(manifest, http([to("nginx")]), ours)).toBe(manifest);
  });

  it("that takes our Service out of all routes has nothing to keep", () => {
    const next = http([to("other")]);
    expect(keepSplit(next, old, ours)).toBe(next);
  });
});
