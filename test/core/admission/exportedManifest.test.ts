import { describe, expect, it } from "vitest";
import { parseIntent } from "../../../src/api/intent.ts";
import { annotations } from "../../../src/api/names.ts";
import { admitDeployment } from "../../../src/core/admission/admitDeployment.ts";
import type { ReviewedDeployment } from "../../../src/core/admission/deploymentReview.ts";
import { admit } from "./admit.ts";
import { annotated, applied, image, paused, review, uid, web, world } from "./build.ts";

describe("an exported manifest of a held Deployment", () => {
  const foreign = (signedFor: ReviewedDeployment): ReviewedDeployment => {
    const given = review(
      web((d) => {
        d.metadata.uid = "another";
      }),
      signedFor,
    );
    return applied(signedFor, admitDeployment(given, world()));
  };

  it("loses its pause and its intent, with a warning", () => {
    const exported = foreign(web(image("nginx:1.24")));
    const { admission, stored } = admit(review(web(image("nginx:1.24")), exported));
    expect(admission).toMatchObject({ decision: "Stripped", reason: "MarksStripped" });
    expect(admission.warnings).toEqual([
      "serin: this manifest was exported from a held Deployment: its spec.paused and Serin's annotations were removed",
    ]);
    expect(stored.spec.paused).toBeUndefined();
    expect(stored.metadata.annotations).toEqual({});
  });

  it("is a request of its own when its image is another one", () => {
    const { admission, stored } = admit(review(web(), foreign(web(image("nginx:1.24")))));
    expect(admission.reason).toBe("ImageChanged");
    expect(parseIntent(stored.metadata.annotations?.[annotations.intent])).toMatchObject({ uid, request: { uid: "request-2" } });
  });

  it("is freed by one resume when it was created so, also with the admission policy in front", () => {
    const created = foreign(web(image("nginx:1.24")));
    const asked = structuredClone(created);
    annotated(annotations.unpauseAsked, "41")(asked);
    const { admission, stored } = admit(review(created, asked, { fieldManager: "kubectl-rollout" }));
    expect(admission.reason).toBe("MarksStripped");
    expect(stored.spec.paused).toBeUndefined();
    expect(stored.metadata.annotations).toEqual({});
  });

  it("leaves a pause alone that was there before", () => {
    const exported = foreign(web(image("nginx:1.24")));
    const { stored } = admit(review(web(image("nginx:1.24"), paused), exported));
    expect(stored.spec.paused).toBe(true);
    expect(stored.metadata.annotations).toEqual({});
  });
});
