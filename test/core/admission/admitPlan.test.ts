import { describe, expect, it } from "vitest";
import { admitPlan, type ReviewedPlan } from "../../../src/core/admission/admitPlan.ts";
import { type Asked, type Field, fields, isStamped, type Standings, stampFor, standingsOf } from "../../../src/core/admission/stamp.ts";
import { applied, keys, now, review, web, world } from "./build.ts";

const { asking } = review(web(), web());
const plan = (control?: NonNullable<ReviewedPlan["spec"]["control"]>): ReviewedPlan => ({
  metadata: { name: "web-abcde", uid: "plan-1" },
  spec: control ? { control } : {},
});
const bySerin = { key: expect.any(String), mac: expect.any(String) };
const stamp = { by: "ben", at: now, ...bySerin };
const unsigned = { by: "ann", at: "2026-11-23T08:00:00.000Z" };
/** The wish as the webhook stamped it for ann, two hours ago. */
const stamped = (field: Field, asked: Asked = {}, who = unsigned, on = "plan-1") => ({
  ...asked,
  ...stampFor({ plan: on, field, asked }, who, keys),
});
const old = stamped("hold");

function admit(before: ReviewedPlan, after: ReviewedPlan) {
  const admission = admitPlan({ asking: { ...asking, name: "web-abcde" }, oldObject: before, object: after }, world());
  const stored = applied(after, admission);
  if (admission.allowed) {
    const later = world({ now: "2026-11-23T10:00:09.000Z" });
    expect(admitPlan({ asking, oldObject: before, object: stored }, later).operations, "admission of its own output").toEqual([]);
  }
  for (const field of fields) {
    const asked = stored.spec.control?.[field];
    if (admission.allowed && asked?.by === "ben") expect(isStamped({ plan: "plan-1", field, asked }, keys), `${field} of ben`).toBe(true);
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
    expect(admit(plan({ approve: stamped("approve", { step: 1 }) }), plan({ approve: { step: 3 } })).control).toEqual({
      approve: { step: 3, ...stamp },
    });
    expect(admit(plan({ promote: stamped("promote", { full: false }) }), plan({ promote: { full: true } })).control).toEqual({
      promote: { full: true, ...stamp },
    });
  });

  it("may be taken back", () => {
    expect(admit(plan({ hold: old }), plan({})).admission).toMatchObject({ decision: "Untouched", operations: [] });
  });

  it("stays as it is when it came past the webhook and this write is about another", () => {
    for (const past of [{}, unsigned, { by: "eve", at: now, key: "k1", mac: "AAAA" }]) {
      const { control } = admit(plan({ promote: past }), plan({ promote: past, hold: {} }));
      expect(control).toEqual({ promote: past, hold: stamp });
    }
  });

  it("is a new wish of whoever takes a false stamp off it, and of whoever asks again after it is gone", () => {
    expect(admit(plan({ promote: { full: true, ...unsigned } }), plan({ promote: { full: true } })).control).toEqual({
      promote: { full: true, ...stamp },
    });
    expect(admit(plan({}), plan({ promote: {} })).control).toEqual({ promote: stamp });
  });

  it("gets no stamp from a webhook without a key, and keeps none that it was given", () => {
    const given = { asking, oldObject: plan(), object: plan({ promote: {} }) };
    expect(admitPlan(given, world({ keys: [] }))).toMatchObject({ allowed: true, operations: [] });
    expect(admitPlan({ ...given, object: plan({ promote: unsigned }) }, world({ keys: [] }))).toMatchObject({ reason: "StampForged" });
  });

  it("gets none in a dry-run, which somebody could keep until the webhook is down", () => {
    const given = { asking: { ...asking, dryRun: true }, oldObject: plan(), object: plan({ promote: {} }) };
    expect(admitPlan(given, world())).toMatchObject({ allowed: true, operations: [] });
    expect(admitPlan({ ...given, object: plan({ promote: unsigned }) }, world())).toMatchObject({ reason: "StampForged" });
  });

  const mine = { by: "ben", at: now };
  const forged = {
    "his own name, unsigned": plan({ abort: mine }),
    "a signature of his own": plan({ abort: { ...mine, key: "k1", mac: "AAAA" } }),
    "no text as a signature": plan({ abort: { ...mine, key: "k1", mac: 5 as unknown as string } }),
    "the stamp of another plan": plan({ abort: stamped("abort", {}, mine, "plan-2") }),
    "the stamp of another field": plan({ abort: stamped("hold", {}, mine) }),
    "the stamp of another wish": plan({ promote: { ...stamped("promote", {}, mine), full: true } }),
    "another's stamp of this wish": plan({ abort: stamped("abort", {}, { by: "ann", at: now }) }),
    "a stamp that he once had": plan({ abort: stamped("abort", {}, { by: "ben", at: unsigned.at }) }),
    "a mac changed on an old wish": plan({ hold: { ...old, mac: "AAAA" } }),
    "another's name": plan({ abort: { by: "ann" } }),
    "another's name on an old wish": plan({ hold: { by: "eve", at: old.at } }),
    "another's name on an old wish that is signed": plan({ hold: { ...old, by: "eve" } }),
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

describe("whose a wish is", () => {
  const heardAt = Date.parse(unsigned.at) + 600_000;
  const standings = (control: NonNullable<ReviewedPlan["spec"]["control"]>, with_ = keys, uid = "plan-1"): Standings =>
    standingsOf({ metadata: { uid }, spec: { control } } as Parameters<typeof standingsOf>[0], with_, heardAt);

  it("is who the webhook's stamp says, also after the key was replaced and with the API server's defaults filled in", () => {
    const signed = stamped("promote", {}, unsigned);
    expect(standings({ promote: { ...signed, full: false } })).toEqual({ promote: unsigned });
    const rotated = [{ id: "k9", secret: Buffer.alloc(32, 9) }, ...keys];
    expect(standings({ promote: signed }, rotated)).toEqual({ promote: unsigned });
  });

  it("is nobody's when it is heard ten minutes later, or was taken back since; but for hold and abort, which count whoever asks", () => {
    const later = (status: object, control: object) =>
      standingsOf({ metadata: { uid: "plan-1" }, spec: { control }, status } as Parameters<typeof standingsOf>[0], keys, heardAt + 1);
    const asked = { promote: stamped("promote") };
    expect(later({}, asked)).toEqual({ promote: "stale" });
    const heard = { mac: asked.promote.mac, at: unsigned.at };
    expect(later({ stamps: [heard] }, asked)).toEqual({ promote: unsigned });
    expect(later({ stamps: [{ ...heard, takenBack: true }] }, asked)).toEqual({ promote: "stale" });
    expect(later({}, { hold: stamped("hold"), abort: stamped("abort") })).toEqual({ hold: unsigned, abort: unsigned });
  });

  it.each<[string, Standings, NonNullable<ReviewedPlan["spec"]["control"]>]>([
    ["nobody's without a stamp", { retry: "missing" }, { retry: {} }],
    ["nobody's with an unsigned one", { retry: "forged" }, { retry: unsigned }],
    ["nobody's when the wish was changed", { approve: "forged" }, { approve: { ...stamped("approve", { step: 1 }), step: 2 } }],
    ["nobody's when it was full only later", { promote: "forged" }, { promote: { ...stamped("promote"), full: true } }],
    ["nobody's in another field", { promote: "forged" }, { promote: stamped("hold") }],
    ["nobody's with another name", { abort: "forged" }, { abort: { ...stamped("abort"), by: "eve" } }],
    ["nobody's with another time", { abort: "forged" }, { abort: { ...stamped("abort"), at: now } }],
  ])("is %s", (_, expected, control) => {
    expect(standings(control)).toEqual(expected);
  });

  it("is nobody's on another plan", () => {
    expect(standings({ promote: stamped("promote") }, keys, "plan-2")).toEqual({ promote: "forged" });
  });

  it("is not known while its key may still have to be read: so long as it is young, or no key was read at all", () => {
    const other = [{ id: "k9", secret: Buffer.alloc(32, 9) }];
    const young = { promote: stamped("promote", {}, { by: "ann", at: new Date(heardAt).toISOString() }) };
    expect(standings(young, other)).toEqual({ promote: "unread" });
    expect(standings({ promote: stamped("promote") }, other)).toEqual({ promote: "forged" });
    expect(standings({ promote: stamped("promote") }, [])).toEqual({ promote: "unread" });
  });
});
