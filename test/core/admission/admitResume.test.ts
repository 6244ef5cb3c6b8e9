import { describe, expect, it } from "vitest";
import { annotations } from "../../../src/api/names.ts";
import { openApproval } from "../../../src/core/admission/seal.ts";
import { admit } from "./admit.ts";
import { annotated, held, keys, now, plan, review, unpaused, web, world } from "./build.ts";

const heldText = web(held()).metadata.annotations?.[annotations.intent];

describe("`kubectl rollout resume` on a held Deployment", () => {
  const resume = { fieldManager: "kubectl-rollout" };
  const cleared = web(held(), unpaused);
  const gate = plan({ phase: "Paused", atGate: true, step: { index: 3, total: 5 } });

  it("approves a gate: signed, bound to plan and step, and it stays held", () => {
    const { admission, stored } = admit(review(web(held()), cleared, resume), world({ plans: [gate] }));
    expect(admission).toMatchObject({ decision: "Approved", reason: "Approved" });
    expect(admission.warnings).toEqual(["serin: approved: plan web-abcde goes on from step 4/5; the Deployment stays held"]);
    const text = stored.metadata.annotations?.[annotations.approval];
    expect(openApproval(text, "web-abcde", keys)).toMatchObject({ step: 3, by: "ben", at: now });
    expect(openApproval(text, "web-other", keys)).toBeUndefined();
    expect(stored.metadata.annotations?.[annotations.intent]).toBe(heldText);
  });

  it("approves also when the admission policy has put the pause back already", () => {
    const marked = web(held(), annotated(annotations.unpauseAsked, "4711"));
    const { admission, stored } = admit(review(web(held()), marked, resume), world({ plans: [gate] }));
    expect(admission.reason).toBe("Approved");
    expect(stored.metadata.annotations).not.toHaveProperty([annotations.unpauseAsked]);
  });

  it("is not asked by a marker that a webhook was not there to take away", () => {
    const old = web(held(), annotated(annotations.unpauseAsked, "4711"));
    const { admission } = admit(review(old, web(held(), annotated(annotations.unpauseAsked, "4711")), resume), world({ plans: [gate] }));
    expect(admission).toMatchObject({ decision: "StayedHeld", reason: "LeftoverRemoved", warnings: [] });
  });

  it("is refused elsewhere, with the commands that work", () => {
    const { admission } = admit(review(web(held()), cleared, resume), world({ plans: [plan()] }));
    expect(admission).toMatchObject({ allowed: false, code: 403, reason: "ResumeRefused", warnings: [] });
    expect(admission.message).toBe(
      "serin: web in shop is held by plan web-abcde (Progressing, step 2/5: waiting at weight 30). " +
        "`kubectl rollout resume` approves a gate, and it stands at none. " +
        "To cancel: kubectl set image deploy/web -n shop nginx=nginx:1.23; " +
        `to promote now: kubectl patch canaryplan web-abcde -n shop --type merge -p '{"spec":{"control":{"promote":{"full":true}}}}'`,
    );
  });

  it("is refused before the plan is made", () => {
    const { admission } = admit(review(web(held()), cleared, resume));
    expect(admission.message).toBe(
      "serin: web in shop is held by a canary plan that is being made. `kubectl rollout resume` approves a gate, and it stands at none. " +
        "To cancel: kubectl set image deploy/web -n shop <container>=<stable image>",
    );
  });

  it("is refused when the plan failed and stays held, with the way to try again", () => {
    const failed = plan({ phase: "Held", live: false, message: "success-rate 0.50 < 0.95" });
    const { admission } = admit(review(web(held()), cleared, resume), world({ plans: [failed] }));
    expect(admission.message).toContain(
      `to try again: kubectl patch canaryplan web-abcde -n shop --type merge -p '{"spec":{"control":{"retry":{}}}}'`,
    );
  });

  it("is refused while the plan unwinds: it ends by itself", () => {
    const { admission } = admit(review(web(held()), cleared, resume), world({ plans: [plan({ phase: "RollingBack" })] }));
    expect(admission.message).toContain("It ends by itself; there is nothing to approve");
  });

  it("does not approve the gate of a plan for another template", () => {
    const other = plan({ ...gate, canary: { hash: "x", digest: "other" } });
    expect(admit(review(web(held()), cleared, resume), world({ plans: [other] })).admission.reason).toBe("ResumeRefused");
  });
});
