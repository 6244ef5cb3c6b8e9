import { describe, expect, it } from "vitest";
import { parseIntent } from "../../../src/api/intent.ts";
import { annotations } from "../../../src/api/names.ts";
import { planName } from "../../../src/api/planName.ts";
import { admitDeployment } from "../../../src/core/admission/admitDeployment.ts";
import type { ReviewedDeployment } from "../../../src/core/admission/deploymentReview.ts";
import { admit } from "./admit.ts";
import {
  annotated,
  digestOf,
  held,
  image,
  keys,
  plan,
  policy,
  review,
  someRequest,
  stableDigest,
  unpaused,
  web,
  withoutAnnotations,
  world,
} from "./build.ts";

const intentOf = (deployment: ReviewedDeployment) => parseIntent(deployment.metadata.annotations?.[annotations.intent]);
const heldText = web(held()).metadata.annotations?.[annotations.intent];
const next = planName("web", "request-2");
const first = planName("web", "request-1");

describe("another template on a held Deployment", () => {
  it("supersedes: the first stable digest stays, the overwritten request is kept", () => {
    const { admission, stored } = admit(review(web(held()), web(held(), image("nginx:1.25"))));
    expect(admission).toMatchObject({ decision: "Held", reason: "Superseded" });
    expect(admission.message).toBe(`another template: canary plan ${next} begins against the same stable`);
    expect(intentOf(stored)).toMatchObject({
      stable: stableDigest,
      canary: digestOf(image("nginx:1.25")),
      request: { uid: "request-2", user: "ben" },
      overwritten: [someRequest],
    });
  });

  it("ends the canary under way first", () => {
    const { admission } = admit(review(web(held()), web(held(), image("nginx:1.25"))), world({ plans: [plan()] }));
    expect(admission.message).toBe(`another template: the canary under way ends, then plan ${next} begins against the same stable`);
  });

  it("that came past us is asked for by a resume", () => {
    const old = web(held(), image("nginx:1.27"));
    const { admission, stored } = admit(review(old, web(held(), image("nginx:1.27"), unpaused), { fieldManager: "kubectl-rollout" }));
    expect(admission).toMatchObject({ decision: "Held", reason: "Superseded", auditAnnotations: { plan: next } });
    expect(intentOf(stored)).toMatchObject({ stable: stableDigest, canary: digestOf(image("nginx:1.27")), request: { user: "ben" } });
  });

  it("does not keep a request that has its plan", () => {
    const { stored } = admit(review(web(held()), web(held(), image("nginx:1.25"))), world({ plans: [plan()] }));
    expect(intentOf(stored)).not.toHaveProperty("overwritten");
  });

  it("keeps the ten latest overwritten requests", () => {
    let stored = web(held());
    for (let i = 0; i < 15; i++) {
      const edited = structuredClone(stored);
      image(`nginx:2.${i}`)(edited);
      stored = admit(review(stored, edited, { requestUid: `edit-${i}` })).stored;
    }
    expect(intentOf(stored)?.overwritten?.map((request) => request.uid)).toEqual(Array.from({ length: 10 }, (_, i) => `edit-${i + 4}`));
  });

  it("stays held when it comes by a replace that drops pause and annotations", () => {
    const { admission, stored } = admit(
      review(web(held()), web(image("nginx:1.25"), withoutAnnotations), { fieldManager: "kubectl-replace" }),
    );
    expect(admission.reason).toBe("Superseded");
    expect(intentOf(stored)?.stable).toBe(stableDigest);
  });

  it("applies the replicas that come with it", () => {
    const { stored } = admit(
      review(
        web(held()),
        web(held(), image("nginx:1.25"), ({ spec }) => {
          spec.replicas = 9;
        }),
      ),
    );
    expect(stored.spec.replicas).toBe(9);
  });

  it("supersedes also by a change that no policy is for: what runs is not what was asked for", () => {
    const env: Parameters<typeof web>[0] = ({ spec }) => {
      spec.template.spec["hostname"] = "x";
    };
    const { admission, stored } = admit(review(web(held()), web(held(), env)));
    expect(admission.reason).toBe("Superseded");
    expect(intentOf(stored)?.policy).toBe("everything");
  });

  it("says so when no worker is alive", () => {
    const { admission } = admit(review(web(held()), web(held(), image("nginx:1.25"))), world({ workerIsAlive: false }));
    expect(admission.warnings.at(-1)).toBe("serin: no Serin worker is alive: nothing moves, stable goes on serving, until one returns");
  });

  it("waits for the hand-over when the canary is being promoted, with the promoted template as stable", () => {
    const around = world({ plans: [plan({ phase: "Promoting" })] });
    const { admission, stored } = admit(review(web(held()), web(held(), image("nginx:1.25"))), around);
    expect(admission).toMatchObject({ reason: "ChangedAfterPromotion" });
    expect(admission.message).toBe(`plan web-abcde finishes its promotion, then canary plan ${next} begins`);
    expect(intentOf(stored)?.stable).toBe(digestOf(image("nginx:1.24")));
  });

  it("makes the old stable template a new canary when the promotion is under way", () => {
    const around = world({ plans: [plan({ phase: "Promoting" })] });
    const { admission, stored } = admit(review(web(held()), web(held(), image("nginx:1.23"))), around);
    expect(admission.reason).toBe("ChangedAfterPromotion");
    expect(intentOf(stored)).toMatchObject({ stable: digestOf(image("nginx:1.24")), canary: stableDigest });
  });

  it("is held without a canary when it is one that failed", () => {
    const failed = plan({
      name: "web-failed",
      canary: { hash: "x", digest: digestOf(image("nginx:1.25")) },
      phase: "RollingBack",
      outcome: "RolledBack",
    });
    const { admission } = admit(review(web(held()), web(held(), image("nginx:1.25"))), world({ plans: [failed] }));
    expect(admission).toMatchObject({ decision: "Held", reason: "Repeated" });
    const deny = world({ plans: [failed], policies: [policy("everything", { onRepeat: "Deny" })] });
    expect(admit(review(web(held()), web(held(), image("nginx:1.25"))), deny).admission).toMatchObject({
      allowed: false,
      reason: "RepeatDenied",
    });
  });
});

describe("the stable template on a held Deployment", () => {
  it("cancels: it stays held until traffic is back", () => {
    const { admission, stored } = admit(review(web(held()), web(held(), image("nginx:1.23"))));
    expect(admission).toMatchObject({ decision: "Held", reason: "Cancelled", auditAnnotations: { plan: first } });
    expect(admission.warnings).toEqual(["serin: cancelled: traffic goes back to stable, then web is unheld by itself; nothing more to do"]);
    expect(intentOf(stored)).toMatchObject({ stable: stableDigest, canary: stableDigest });
  });

  it("cancels also by replace of the old manifest", () => {
    const { admission } = admit(review(web(held()), web(), { fieldManager: "kubectl-replace" }));
    expect(admission.reason).toBe("Cancelled");
  });
});

describe("a held Deployment", () => {
  const ways: Record<string, ReviewedDeployment> = {
    "an apply with paused: false": web(held(), ({ spec }) => {
      spec.paused = false;
    }),
    "a replace that drops pause and annotations": web(image("nginx:1.24"), withoutAnnotations),
    "the admission policy's marker": web(held(), annotated(annotations.unpauseAsked, "4711")),
  };
  for (const [way, object] of Object.entries(ways)) {
    it(`stays held after ${way}`, () => {
      const { admission, stored } = admit(review(web(held()), object, { fieldManager: "kubectl-client-side-apply" }));
      expect(admission).toMatchObject({ decision: "StayedHeld", reason: "StayedHeld" });
      expect(admission.warnings).toEqual(["serin: web stays held by its canary plan: this write cleared spec.paused"]);
      expect(stored.metadata.annotations?.[annotations.intent]).toBe(heldText);
    });
  }

  const removed = ({ metadata }: ReviewedDeployment): void => {
    delete metadata.annotations?.[annotations.intent];
  };
  for (const [what, change] of Object.entries({ removed, changed: annotated(annotations.intent, "{}") })) {
    it(`gets its intent back when it is ${what}`, () => {
      const { admission, stored } = admit(review(web(held()), web(held(), change)));
      expect(admission).toMatchObject({ decision: "StayedHeld", reason: "IntentPutBack" });
      expect(admission.message).toBe("annotation serin.dev/intent is Serin's own: it was put back");
      expect(stored.metadata.annotations?.[annotations.intent]).toBe(heldText);
    });
  }

  it("is left alone by a scale and by labels", () => {
    const { admission } = admit(
      review(
        web(held()),
        web(held(), ({ spec }) => {
          spec.replicas = 5;
        }),
      ),
    );
    expect(admission).toMatchObject({ decision: "Untouched", operations: [] });
  });

  it("is believed after a key rotation, as long as the old key is there", () => {
    const old = [keys[1]].flatMap((key) => key ?? []);
    const { admission } = admit(review(web(held("nginx:1.24", old)), web(held("nginx:1.24", old), image("nginx:1.25"))));
    expect(admission.reason).toBe("Superseded");
  });

  it("is believed after its key was thrown away, if the worker has made a plan of it", () => {
    const lost = [{ id: "gone", secret: Buffer.from("a key that nobody has any more..") }];
    const { admission } = admit(review(web(held("nginx:1.24", lost)), web(held("nginx:1.24", lost), unpaused)), world({ plans: [plan()] }));
    expect(admission.reason).toBe("StayedHeld");
  });

  it("is left alone while the webhook has no key", () => {
    const admission = admitDeployment(review(web(held()), web(held(), unpaused)), world({ keys: [] }));
    expect(admission).toMatchObject({ decision: "Untouched", reason: "NoKeys", operations: [] });
  });

  it("is no Deployment whose intent is forged", () => {
    const forger = [{ id: "k2", secret: Buffer.from("what the forger thinks the key is") }];
    const { admission } = (() => {
      const given = review(web(held("nginx:1.24", forger)), web(held("nginx:1.24", forger), unpaused));
      return { admission: admitDeployment(given, world()) };
    })();
    expect(admission.reason).toBe("MarksStripped");
  });
});
