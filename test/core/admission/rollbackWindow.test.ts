import { describe, expect, it } from "vitest";
import { type PastPlan, revisionsBack } from "../../../src/core/admission/rollbackWindow.ts";
import { admit } from "./admit.ts";
import { digestOf, image, plan, policy, setImage, world } from "./build.ts";

let made = 0;
const past = (phase: PastPlan["phase"], from: string, to: string): PastPlan => {
  made += 1;
  const askedAt = new Date(made * 1_000).toISOString();
  return { phase, askedAt, stable: { hash: from, digest: from, images: [from] }, canary: { hash: to, digest: to } };
};
const back = (plans: PastPlan[], digest: string, present: string, window = 3) => revisionsBack(plans, { digest, present, window });

describe("how many revisions back a template served", () => {
  const three = [past("Promoted", "v1", "v2"), past("Promoted", "v2", "v3"), past("Promoted", "v3", "v4")];

  it("counts from the present one, in the order of the plans' requests", () => {
    expect(["v4", "v3", "v2", "v1"].map((digest) => back([...three].reverse(), digest, "v4"))).toEqual([undefined, 1, 2, 3]);
  });

  it("ends at the window, and a window of 0 is none", () => {
    expect(["v3", "v2", "v1"].map((digest) => back(three, digest, "v4", 1))).toEqual([1, undefined, undefined]);
    expect(["v3", "v2", "v1"].map((digest) => back(three, digest, "v4", 2))).toEqual([1, 2, undefined]);
    expect(back(three, "v3", "v4", 0)).toBeUndefined();
  });

  it("vouches for the stable template of a promotion, also when it was there before Serin", () => {
    expect(back([past("Promoted", "v1", "v2")], "v1", "v2", 1)).toBe(1);
  });

  it("goes back and not forward: what was fled from takes the steps", () => {
    const fled = [...three, past("Promoted", "v4", "v2")];
    expect(["v4", "v3", "v1"].map((digest) => back(fled, digest, "v2"))).toEqual([undefined, undefined, 1]);
    const onwards = [...fled, past("Promoted", "v2", "v5")];
    expect(["v4", "v3", "v2", "v1"].map((digest) => back(onwards, digest, "v5"))).toEqual([undefined, undefined, 1, 2]);
    const again = [...fled, past("Promoted", "v2", "v4")];
    expect(
      ["v3", "v2", "v1"].map((digest) => back(again, digest, "v4")),
      "v4 was promoted after all",
    ).toEqual([undefined, 1, 2]);
  });

  it("starts from what serves, also when no plan knows it", () => {
    expect(["v4", "v3"].map((digest) => back(three, digest, "v9"))).toEqual([1, 2]);
    expect(back([...three, past("Promoted", "v2", "v5")], "v2", "v5"), "somebody had gone back to v2 without a plan").toBe(1);
    expect(back([...three, past("Promoted", "v2", "v5")], "v4", "v5")).toBeUndefined();
  });

  it("does not know a template that was never asked for, nor one without a history", () => {
    expect(back(three, "v9", "v4")).toBeUndefined();
    expect(back([], "v1", "v2")).toBeUndefined();
  });

  it.each(["RolledBack", "Held", "Cancelled", "Superseded"] as const)("does not count one that ended %s", (phase) => {
    const plans = [past("Promoted", "v1", "v2"), past(phase, "v2", "v3"), past("Promoted", "v2", "v4")];
    expect(back(plans, "v3", "v4")).toBeUndefined();
    expect(back(plans, "v2", "v4", 1)).toBe(1);
  });

  it("is undefined for a template that failed when it came last, though it had served before", () => {
    const failed = past("RolledBack", "v2", "v1");
    expect(back([past("Promoted", "v1", "v2"), failed], "v1", "v2")).toBeUndefined();
    const retried = [past("Promoted", "v1", "v2"), failed, past("Promoted", "v2", "v1"), past("Promoted", "v1", "v2")];
    expect(back(retried, "v1", "v2")).toBe(1);
  });

  it("gives a bypassed template its place, and vouches for nothing that only bypasses knew", () => {
    const plans = [past("Promoted", "v1", "v2"), past("Bypassed", "v2", "v3"), past("Bypassed", "v3", "v4")];
    expect(back(plans.slice(0, 2), "v2", "v3", 1), "the fix of a bypassed change").toBe(1);
    expect(back(plans, "v3", "v4"), "nobody has looked at it").toBeUndefined();
    expect(back(plans, "v2", "v4", 1), "v3 is between").toBeUndefined();
    expect(back(plans, "v2", "v4", 2)).toBe(2);
    expect(back([...plans, past("Promoted", "v4", "v5")], "v4", "v5"), "what came after it was promoted").toBe(1);
    expect(back([...plans.slice(0, 2), past("Promoted", "v3", "v2")], "v3", "v2"), "it was fled from").toBeUndefined();
    expect(back([past("Bypassed", "v1", "v2")], "v1", "v2"), "v1 may have been what the bypass repaired").toBeUndefined();
  });
});

describe("the answer to who asks for the template before the present one", () => {
  const served = plan({
    phase: "Promoted",
    live: false,
    stable: { hash: "h1", digest: digestOf(image("nginx:1.22")), images: ["nginx:1.22"] },
    canary: { hash: "h2", digest: digestOf() },
  });

  it("says that it comes back at once", () => {
    const { admission } = admit(setImage("nginx:1.22"), world({ plans: [served] }));
    expect(admission).toMatchObject({ decision: "Held", reason: "WithinRollbackWindow" });
    expect(admission.warnings).toEqual([
      expect.stringMatching(/^serin: plan web-\w{5}: this template served just before the present one: straight to 100%$/),
      expect.stringMatching(/^serin: without the steps, once its pods are ready; follow it: kubectl get canaryplan web-\w{5} -n shop -w$/),
    ]);
  });

  it("is an ordinary one for any other template, or with a window of 0", () => {
    expect(admit(setImage("nginx:1.25"), world({ plans: [served] })).admission.reason).toBe("ImageChanged");
    const policies = [policy("everything", { rollbackWindow: { revisions: 0 } })];
    expect(admit(setImage("nginx:1.22"), world({ plans: [served], policies })).admission.reason).toBe("ImageChanged");
  });
});
