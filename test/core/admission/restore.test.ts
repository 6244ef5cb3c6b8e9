import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { ManagedFieldsEntry } from "../../../src/api/intent.ts";
import { lastApplied } from "../../../src/api/names.ts";
import { previousOwners, withoutManager } from "../../../src/core/admission/fieldOwners.ts";
import { packRestore, unpackRestore } from "../../../src/core/admission/restore.ts";

const entry = (manager: string, fieldsV1: Record<string, unknown>, more: Partial<ManagedFieldsEntry> = {}): ManagedFieldsEntry => ({
  manager,
  operation: "Update",
  apiVersion: "apps/v1",
  fieldsType: "FieldsV1",
  time: "2026-11-23T09:00:00Z",
  fieldsV1,
  ...more,
});
const images = (...names: string[]) => ({
  "f:spec": { "f:containers": Object.fromEntries(names.map((name) => [`k:{"name":"${name}"}`, { "f:image": {} }])) },
});

describe("what a revert needs", () => {
  it("is the ownership of the template and kubectl's own record, packed and unpacked", () => {
    const managedFields = [
      entry(
        "apply",
        { "f:metadata": { "f:labels": {} }, "f:spec": { "f:replicas": {}, "f:template": images("a") } },
        { operation: "Apply" },
      ),
      entry("hpa", { "f:spec": { "f:replicas": {} } }, { subresource: "scale" }),
      entry("manager", { "f:status": {} }, { subresource: "status" }),
    ];
    const packed = packRestore({ metadata: { managedFields, annotations: { [lastApplied]: '{"a":1}', other: "x" } } });
    expect(unpackRestore(packed)).toEqual({
      managedFields: [entry("apply", { "f:spec": { "f:template": images("a") } }, { operation: "Apply" })],
      lastApplied: '{"a":1}',
    });
  });

  it("is nothing when nothing is known", () => expect(packRestore({ metadata: { managedFields: [] } })).toBeUndefined());

  it("is left out when it is larger than an annotation may be", () => {
    expect(packRestore({ metadata: { annotations: { [lastApplied]: randomBytes(100_000).toString("hex") } } })).toBeUndefined();
  });

  it("is not unpacked from anything else", () => {
    for (const text of [undefined, "", "hello", gzipSync("[1]").toString("base64"), gzipSync("nonsense").toString("base64")]) {
      expect(unpackRestore(text)).toBeUndefined();
    }
    expect(unpackRestore(gzipSync(JSON.stringify({ lastApplied: "x".repeat(5_000_000) })).toString("base64"))).toBeUndefined();
  });
});

describe("the owners after a revert", () => {
  const helm = entry("helm", { "f:metadata": {}, "f:spec": { "f:replicas": {}, "f:template": images("a", "b") } });

  it("are those from before, in their own entries, and ours are gone", () => {
    const current = [
      entry("helm", { "f:metadata": {}, "f:spec": { "f:replicas": {}, "f:template": images("b") } }, { time: "2026-11-23T10:00:00Z" }),
      entry("kubectl-set", { "f:spec": { "f:template": images("a") } }),
      entry("serin", { "f:spec": { "f:paused": {}, "f:template": images("a") } }),
    ];
    expect(previousOwners(current, { managedFields: [helm] }, "serin")).toEqual([
      entry("helm", { "f:metadata": {}, "f:spec": { "f:replicas": {}, "f:template": images("a", "b") } }, { time: "2026-11-23T10:00:00Z" }),
    ]);
  });

  it("come back though their entry had vanished", () => {
    expect(previousOwners([], { managedFields: [helm] }, "serin")).toEqual([
      entry("helm", { "f:spec": { "f:template": images("a", "b") } }),
    ]);
  });

  it("keep what else they own now, and what owns no template is left as it is", () => {
    const set = entry("kubectl-set", { "f:metadata": { "f:annotations": {} }, "f:spec": { "f:template": images("a") } });
    const status = entry("manager", { "f:status": {} }, { subresource: "status" });
    expect(previousOwners([set, status], { managedFields: [] }, "serin")).toEqual([
      entry("kubectl-set", { "f:metadata": { "f:annotations": {} } }),
      status,
    ]);
  });

  it("tell an Apply from an Update of the same manager", () => {
    const apply = entry("kubectl", { "f:spec": { "f:template": images("a") } }, { operation: "Apply" });
    const update = entry("kubectl", { "f:spec": { "f:template": images("b") } });
    expect(previousOwners([update], { managedFields: [apply] }, "serin")).toEqual([apply]);
  });

  it("are as now, without us, when nothing was remembered", () => {
    expect(previousOwners([helm, entry("serin", {})], {}, "serin")).toEqual([helm]);
  });

  it("are the same when asked again", () => {
    const once = previousOwners([entry("kubectl-set", { "f:spec": { "f:template": images("a") } })], { managedFields: [helm] }, "serin");
    expect(previousOwners(once, { managedFields: [helm] }, "serin")).toEqual(once);
  });
});

describe("the owners after any other write of ours", () => {
  const team = entry("team", { "f:spec": { "f:http": {} } }, { operation: "Apply" });

  it("are those from before it", () => {
    const after = [entry("serin", { "f:spec": { "f:http": {} } })];
    expect(withoutManager([team], after, "serin")).toEqual([team]);
  });

  it("take the status entries of others as they are now", () => {
    const before = entry("controller", { "f:status": { a: {} } }, { subresource: "status" });
    const later = entry("controller", { "f:status": { b: {} } }, { subresource: "status" });
    expect(withoutManager([team, before], [team, later, entry("serin", {})], "serin")).toEqual([team, later]);
  });

  it("contain nothing of ours, not even from before", () => {
    expect(withoutManager([entry("serin", { "f:metadata": {} }), team], [], "serin")).toEqual([team]);
  });
});
