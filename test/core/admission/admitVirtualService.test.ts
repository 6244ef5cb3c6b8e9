import { describe, expect, it } from "vitest";
import { admitVirtualService } from "../../../src/core/admission/admitVirtualService.ts";
import { splitVirtualService } from "../../../src/core/traffic/split.ts";
import type { VirtualServiceSpec } from "../../../src/core/traffic/wire.ts";
import { applied, plan, review, web, world } from "./build.ts";

const { asking } = review(web(), web());
const ours = { namespace: "shop", hosts: [{ name: "web", namespace: "shop" }] };
const manifest: VirtualServiceSpec = { hosts: ["web"], http: [{ route: [{ destination: { host: "web" } }] }] };
const live = splitVirtualService(manifest, { ...ours, stable: "stablehash", canary: "canaryhash", weight: 30 }).spec;

function admit(next: VirtualServiceSpec, around = world({ plans: [plan()] })) {
  const object = { spec: next };
  const admission = admitVirtualService({ asking, object, oldObject: { spec: live } }, around);
  const stored = applied(object, admission);
  expect(admitVirtualService({ asking, object: stored, oldObject: { spec: live } }, around).operations, "its own output").toEqual([]);
  return { admission, stored: stored.spec };
}

describe("a VirtualService that carries a split", () => {
  it("keeps it when the plain manifest is applied", () => {
    const { admission, stored } = admit(manifest);
    expect(stored).toEqual(live);
    expect(admission.operations.map(({ op, path }) => `${op} ${path}`)).toEqual(["replace /spec/http"]);
    expect(admission).toMatchObject({ decision: "SplitKept", reason: "SplitKept", auditAnnotations: { plan: "web-abcde" } });
    expect(admission.message).toBe("plan web-abcde is splitting this route: its weights stay, the rest was applied");
  });

  it("takes the team's own change in the same write", () => {
    const { stored } = admit({ ...manifest, http: [{ timeout: "3s", route: [{ destination: { host: "web" } }] }] });
    expect(stored.http?.[0]).toMatchObject({ timeout: "3s", route: live.http?.[0]?.route });
  });

  it("is left alone when nothing of the split changes", () => expect(admit(live).admission.operations).toEqual([]));

  it("is left alone when no live plan is for it", () => {
    expect(admit(manifest, world({ plans: [plan({ live: false })] })).admission.operations).toEqual([]);
    expect(admit(manifest, world({ plans: [plan({ routes: ["shop/other"] })] })).admission.operations).toEqual([]);
  });

  it("is the worker's to change", () => {
    const given = { asking: { ...asking, user: world().workerUser }, object: { spec: manifest }, oldObject: { spec: live } };
    expect(admitVirtualService(given, world({ plans: [plan()] }))).toMatchObject({ reason: "WorkerWrite", operations: [] });
  });
});
