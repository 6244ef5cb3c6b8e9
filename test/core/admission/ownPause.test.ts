import { describe, expect, it } from "vitest";
import { parseIntent } from "../../../src/api/intent.ts";
import { annotations } from "../../../src/api/names.ts";
import { admit } from "./admit.ts";
import { annotated, digestOf, image, paused, review, stableDigest, web, world } from "./build.ts";

describe("the user's own pause", () => {
  const edited = () => admit(review(web(paused), web(paused, image("nginx:1.24"))));

  it("starts nothing, and remembers what served before the first edit", () => {
    const { admission, stored } = edited();
    expect(admission).toMatchObject({ decision: "Remembered", reason: "OwnPause" });
    expect(admission.warnings).toEqual(["serin: paused by you: the canary begins with kubectl rollout resume deploy/web -n shop"]);
    expect(Object.keys(stored.metadata.annotations ?? {})).toEqual([annotations.beforePause]);
  });

  it("is remembered too when pause and edit come in one write", () => {
    const { admission } = admit(review(web(), web(paused, image("nginx:1.24"))));
    expect(admission.decision).toBe("Remembered");
  });

  it("ends in a request against what served when he paused, after several edits", () => {
    const second = structuredClone(edited().stored);
    image("nginx:1.25")(second);
    const { stored } = admit(review(edited().stored, second));
    const resumed = structuredClone(stored);
    delete resumed.spec.paused;
    const { admission, stored: held } = admit(review(stored, resumed, { fieldManager: "kubectl-rollout" }));
    expect(admission).toMatchObject({ decision: "Held", reason: "ChangedWhilePaused" });
    expect(parseIntent(held.metadata.annotations?.[annotations.intent])).toMatchObject({
      stable: stableDigest,
      canary: digestOf(image("nginx:1.25")),
    });
    expect(held.metadata.annotations).not.toHaveProperty([annotations.beforePause]);
  });

  it("ends in nothing when he took his edits back", () => {
    const back = structuredClone(edited().stored);
    image("nginx:1.23")(back);
    delete back.spec.paused;
    const { admission, stored } = admit(review(edited().stored, back));
    expect(admission).toMatchObject({ decision: "Stripped", reason: "LeftoverRemoved", warnings: [] });
    expect(stored.metadata.annotations).toEqual({});
  });

  it("is not remembered with a forged record", () => {
    const forged = web(paused, image("nginx:1.24"), annotated(annotations.beforePause, '{"v":1}'));
    const resumed = structuredClone(forged);
    delete resumed.spec.paused;
    expect(admit(review(forged, resumed)).admission).toMatchObject({ reason: "LeftoverRemoved" });
  });

  it("leaves Deployments alone that no policy is for", () => {
    const { admission } = admit(review(web(paused), web(paused, image("a"))), world({ policies: [] }));
    expect(admission).toMatchObject({ decision: "Untouched", reason: "OwnPause", operations: [] });
  });
});
