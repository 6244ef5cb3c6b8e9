import { describe, expect, it } from "vitest";
import { admit } from "./admit.ts";
import { plan, policy, setImage, world } from "./build.ts";

describe("a template that was rolled back before", () => {
  const failed = plan({ phase: "RolledBack", live: false, message: "success-rate 0.50 < 0.95" });

  it("is held on the stable pods without another canary (onRepeat: Hold)", () => {
    const { admission, stored } = admit(setImage(), world({ plans: [failed] }));
    expect(admission).toMatchObject({ decision: "Held", reason: "Repeated" });
    expect(admission.warnings).toEqual([
      "serin: this template failed in plan web-abcde: held on the stable pods, no new canary",
      "serin: why: success-rate 0.50 < 0.95",
      "serin: try it again: kubectl serin retry deploy/web -n shop",
    ]);
    expect(stored.spec.paused).toBe(true);
  });

  it("is refused (onRepeat: Deny)", () => {
    const { admission } = admit(setImage(), world({ plans: [failed], policies: [policy("everything", { onRepeat: "Deny" })] }));
    expect(admission).toMatchObject({ allowed: false, code: 403, reason: "RepeatDenied" });
    expect(admission.message).toBe(
      "serin: this template failed in plan web-abcde: success-rate 0.50 < 0.95. Policy everything says onRepeat: Deny. Change the template, or ask its owner.",
    );
  });

  it("gets another canary (onRepeat: Retry)", () => {
    const around = world({ plans: [failed], policies: [policy("everything", { onRepeat: "Retry" })] });
    expect(admit(setImage(), around).admission.reason).toBe("ImageChanged");
  });

  it("gets another canary when its last plan was good", () => {
    const later = plan({ name: "web-later", phase: "Promoted", live: false, askedAt: "2026-11-23T09:55:00.000Z" });
    const around = world({ plans: [later, failed], policies: [policy("everything", { rollbackWindow: { revisions: 0 } })] });
    expect(admit(setImage(), around).admission.reason).toBe("ImageChanged");
  });

  it("says nothing about another template", () => {
    expect(admit(setImage("nginx:1.25"), world({ plans: [failed] })).admission.reason).toBe("ImageChanged");
  });
});
