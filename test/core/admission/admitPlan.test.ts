import { describe, expect, it } from "vitest";
import { admitPlan, type ReviewedPlan } from "../../../src/core/admission/admitPlan.ts";
import { applied, now, review, web, world } from "./build.ts";

const { asking } = review(web(), web());
const plan = (control?: NonNullable<ReviewedPlan["spec"]["control"]>): ReviewedPlan => ({
  metadata: { name: "web-abcde" },
  spec: control ? { control } : {},
});
const stamp = { by: "ben", at: now };
const old = { by: "ann", at: "2026-11-23T08:00:00.000Z" };

function admit(before: ReviewedPlan, after: ReviewedPlan) {
  const admission = admitPlan({ asking: { ...asking, name: "web-abcde" }, oldObject: before, object: after }, world());
  const stored = applied(after, admission);
  if (admission.allowed) {
    const later = world({ now: "2026-11-23T10:00:09.000Z" });
    expect(admitPlan({ asking, oldObject: before, object: stored }, later).operations, "admission of its own output").toEqual([]);
  }
  return { admission, control: stored.spec.control };
}

describe("what a person asks of a plan", () => {
  it("is stamped with who and when", () => {
    const { admission, control } = admit(plan(), plan({ promote: { full: true } }));
    expect(admission).toMatchObject({
      decision: "Stamped",
      reason: "Stamped",
      message: "promote recorded as asked by ben",
      auditAnnotations: { plan: "web-abcde" },
    });
    expect(control).toEqual({ promote: { full: true, ...stamp } });
  });

  it("is stamped field by field: what was asked before keeps its stamp", () => {
    const { control } = admit(plan({ hold: old }), plan({ hold: old, abort: {} }));
    expect(control).toEqual({ hold: old, abort: stamp });
  });

  it("gets its stamp back when an apply leaves it out", () => {
    expect(admit(plan({ hold: old }), plan({ hold: {} })).control).toEqual({ hold: old });
  });

  it("is a new wish when it is about another gate, or full now", () => {
    expect(admit(plan({ approve: { step: 1, ...old } }), plan({ approve: { step: 3 } })).control).toEqual({
      approve: { step: 3, ...stamp },
    });
    expect(admit(plan({ promote: { full: false, ...old } }), plan({ promote: { full: true } })).control).toEqual({
      promote: { full: true, ...stamp },
    });
  });

  it("may be taken back", () => {
    expect(admit(plan({ hold: old }), plan({})).admission).toMatchObject({ decision: "Untouched", operations: [] });
  });

  const forged = {
    "another's name": plan({ abort: { by: "ann" } }),
    "another's name on an old wish": plan({ hold: { by: "eve", at: old.at } }),
    "a time of his own": plan({ abort: { at: "2020-01-01T00:00:00Z" } }),
    "no time at all": plan({ abort: { at: "soon" } }),
    "an old stamp on a new wish": plan({ approve: { step: 2, ...old } }),
  };
  for (const [what, after] of Object.entries(forged)) {
    it(`is refused with ${what} in the stamp`, () => {
      const { admission } = admit(plan({ hold: old }), after);
      expect(admission).toMatchObject({ allowed: false, code: 403, reason: "StampForged" });
      expect(admission.message).toMatch(
        /^serin: spec\.control\.\w+\.by and \.at say who asked and when; the webhook writes them\. Leave them out\.$/,
      );
    });
  }

  it("is none of the webhook's business when the worker writes", () => {
    const given = { asking: { ...asking, user: world().workerUser }, oldObject: plan(), object: plan({ abort: {} }) };
    expect(admitPlan(given, world())).toMatchObject({ reason: "WorkerWrite", operations: [] });
  });
});
