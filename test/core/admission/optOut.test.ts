import { describe, expect, it } from "vitest";
import { annotations } from "../../../src/api/names.ts";
import { admit } from "./admit.ts";
import { annotated, plan, policy, setImage, world } from "./build.ts";

const forbidding = world({ policies: [policy("strict", { optOut: "Forbid" })] });
const optedOut = setImage("nginx:1.24", annotated(annotations.canary, "off"));
const ignored = 'serin: policy strict says optOut: Forbid: annotation serin.dev/canary: "off" is ignored';

describe("a Deployment that opts out", () => {
  it("is let go where the policy allows it", () => {
    expect(admit(optedOut).admission).toMatchObject({ decision: "Bypassed", reason: "BypassOptOut" });
  });

  it("becomes a canary where the policy forbids it, with a warning that names the policy", () => {
    const { admission, stored } = admit(optedOut, forbidding);
    expect(admission).toMatchObject({ decision: "Held", reason: "ImageChanged", auditAnnotations: { policy: "strict" } });
    expect(admission.warnings.at(-1)).toBe(ignored);
    expect(stored.spec.paused).toBe(true);
    expect(stored.metadata.annotations?.[annotations.canary]).toBe("off");
  });

  it("is warned of it also where its template is held as a repeat", () => {
    const { admission } = admit(optedOut, { ...forbidding, plansOf: () => [plan({ phase: "RolledBack", live: false })] });
    expect(admission.reason).toBe("Repeated");
    expect(admission.warnings.at(-1)).toBe(ignored);
  });

  it("is still let go for any other reason to", () => {
    const review = setImage("nginx:1.24", annotated(annotations.canary, "off"), ({ status = {} }) => {
      status.availableReplicas = 0;
    });
    expect(admit(review, forbidding).admission.reason).toBe("BypassNoStable");
  });

  it("asks the policy that wins, not another one", () => {
    const around = world({ policies: [policy("lax", { priority: 1 }), policy("strict", { optOut: "Forbid" })] });
    expect(admit(optedOut, around).admission).toMatchObject({ reason: "BypassOptOut", auditAnnotations: { policy: "lax" } });
  });
});

it("nothing is said to whom the annotation says anything else", () => {
  const { admission } = admit(setImage("nginx:1.24", annotated(annotations.canary, "on")), forbidding);
  expect(admission.warnings).not.toContain(ignored);
  expect(admission.decision).toBe("Held");
});
