import jsonpatch from "jsonpatch";
import { expect, test } from "vitest";
import { annotations } from "../../../src/api/names.ts";
import { admitCarried, type Change } from "../../../src/core/admission/admitCarried.ts";
import type { Asking } from "../../../src/core/admission/deploymentReview.ts";
import type { World } from "../../../src/core/admission/world.ts";

const worker = "system:serviceaccount:serin-system:serin-worker";
const world = { workerUser: worker } as World;
const asking = (user: string) => ({ user, operation: "UPDATE" }) as Asking;

const carrying = (change: Change) => ({
  metadata: { annotations: { team: "shop", [annotations.intent]: "x", [annotations.carried]: JSON.stringify(change) } },
  spec: { paused: true, http: [{ route: [] }], hosts: ["*"] },
});

/** As it is stored: what the worker carries is never in it. */
const before = { metadata: { annotations: { team: "shop" } }, spec: {} };

test("the worker's change is carried out and the annotation is not stored", () => {
  const object = carrying({
    spec: { paused: null, http: [{ route: [1] }], tcp: null },
    annotations: { [annotations.intent]: null, note: "kept" },
  });
  const admission = admitCarried(asking(worker), object, before, world);
  expect(admission).toMatchObject({ allowed: true, decision: "Carried", warnings: [] });
  expect(jsonpatch.apply_patch(object, admission?.operations as never)).toEqual({
    metadata: { annotations: { team: "shop", note: "kept" } },
    spec: { http: [{ route: [1] }], hosts: ["*"] },
  });
});

test("anybody else's annotation carries nothing", () => {
  expect(admitCarried(asking("ann"), carrying({ spec: { http: [] } }), before, world)).toBeUndefined();
});

test("members that are not the worker's to change stay as they are", () => {
  const admission = admitCarried(asking(worker), carrying({ spec: { hosts: ["evil"], replicas: 0 } }), before, world);
  expect(admission?.operations.map(({ path }) => path)).toEqual(["/metadata/annotations/serin.dev~1carried"]);
});

test("a request without it is no such request", () => {
  expect(admitCarried(asking(worker), { metadata: {}, spec: {} }, before, world)).toBeUndefined();
});

test("what somebody left there past the webhook is no word of the worker's: it goes, and nothing of it is carried out", () => {
  for (const text of ['{"spec":{"http":[]}}', "not JSON"]) {
    const object = { metadata: { annotations: { [annotations.carried]: text } }, spec: { http: [{ route: [] }] } };
    const admission = admitCarried(asking(worker), object, structuredClone(object), world);
    expect(admission?.operations).toEqual([{ op: "remove", path: "/metadata/annotations/serin.dev~1carried" }]);
  }
});
