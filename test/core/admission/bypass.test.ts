import { describe, expect, it } from "vitest";
import { annotations } from "../../../src/api/names.ts";
import { bypassName } from "../../../src/api/planName.ts";
import { templateDigest } from "../../../src/api/template.ts";
import { annotationOf } from "../../../src/core/admission/admissionCase.ts";
import type { DeploymentReview } from "../../../src/core/admission/deploymentReview.ts";
import { openPassage } from "../../../src/core/admission/seal.ts";
import type { World } from "../../../src/core/admission/world.ts";
import { admit } from "./admit.ts";
import { annotated, image, keys, policy, review, setImage, template, uid, web, world } from "./build.ts";

describe("a change that a policy is for", () => {
  const claim = (name: string) =>
    template((t) => {
      t.spec.volumes = [{ name: "data", persistentVolumeClaim: { claimName: name } }];
    });
  const port = template((t) => void Object.assign(t.spec.containers[0] ?? {}, { ports: [{ containerPort: 80, hostPort: 8080 }] }));
  const hostNetwork = template((t) => {
    t.spec["hostNetwork"] = true;
    Object.assign(t.spec.containers[0] ?? {}, { ports: [{ containerPort: 9100 }] });
  });
  const recreate: Parameters<typeof web>[0] = ({ spec }) => {
    spec.strategy = { type: "Recreate" };
  };
  const bypasses: Record<string, { given: DeploymentReview; around?: World; reason: string; message: string }> = {
    "its annotation opts out": {
      given: setImage("a", annotated(annotations.canary, "off")),
      reason: "BypassOptOut",
      message: 'no canary: annotation serin.dev/canary is "off"; rolls out as usual',
    },
    "no stable pod is available": {
      given: setImage("a", (d) => {
        d.status = { availableReplicas: 0 };
      }),
      reason: "BypassNoStable",
      message: "no canary: no stable pod is available; rolls out as usual",
    },
    "it has no status yet": {
      given: setImage("a", (d) => void delete d.status),
      reason: "BypassNoStable",
      message: "no canary: no stable pod is available; rolls out as usual",
    },
    "it is scaled to 0": {
      given: setImage("a", ({ spec }) => {
        spec.replicas = 0;
      }),
      reason: "BypassNoStable",
      message: "no canary: spec.replicas is 0; rolls out as usual",
    },
    "its strategy is Recreate": {
      given: setImage("a", recreate),
      reason: "BypassRecreate",
      message: "no canary: strategy Recreate never runs two versions at once; rolls out as usual",
    },
    "it mounts a claim": {
      given: setImage("a", claim("data-0")),
      reason: "BypassVolume",
      message: "no canary: two versions would share claim data-0; rolls out as usual (policy: allowTwoVersions)",
    },
    "it takes a port of the node": {
      given: setImage("a", port),
      reason: "BypassHostPort",
      message: "no canary: host port 8080 can't be shared by two pods; rolls out as usual (policy: allowTwoVersions)",
    },
    "it lives in the node's network": {
      given: setImage("a", hostNetwork),
      reason: "BypassHostPort",
      message: "no canary: host port 9100 can't be shared by two pods; rolls out as usual (policy: allowTwoVersions)",
    },
    "no worker is alive": {
      given: setImage("a"),
      around: world({ workerIsAlive: false }),
      reason: "BypassWorkerDown",
      message: "no canary: no Serin worker is alive; this rolls out as usual, unwatched",
    },
    "there is no key to sign with": {
      given: setImage("a"),
      around: world({ keys: [] }),
      reason: "BypassNoKeys",
      message: "no canary: Serin's webhook has no signing key yet; this rolls out as usual, unwatched",
    },
  };
  for (const [when, { given, around, reason, message }] of Object.entries(bypasses)) {
    it(`rolls out as usual when ${when}`, () => {
      given.oldObject.metadata.generation = 7;
      const { admission, stored } = admit(given, around);
      expect(admission).toMatchObject({
        allowed: true,
        decision: "Bypassed",
        reason,
        message,
        warnings: [`serin: ${message}`],
      });
      const { metadata } = given.oldObject;
      const note = openPassage(annotationOf(stored, annotations.passage), metadata.uid, keys);
      const { user } = given.asking;
      // Without a key nobody could tell it from a forged one.
      const noted = {
        generation: 8,
        policy: { name: "everything", generation: 1 },
        before: { digest: templateDigest(given.oldObject.spec.template), images: ["nginx:1.23"] },
        asked: { digest: templateDigest(stored.spec.template), images: ["a"] },
        reason,
        message,
        request: { user },
      };
      if (around?.keys.length === 0) expect(admission.operations).toEqual([]);
      else expect(note).toMatchObject(noted);
      const plan = bypassName(metadata.name, metadata.uid ?? "", 8);
      expect(admission.auditAnnotations).toEqual({ decision: "Bypassed", reason, policy: "everything", plan });
    });
  }

  it("is noted anew for each change, whatever note was copied to it", () => {
    const optedOut = annotated(annotations.canary, "off");
    const first = admit(setImage("nginx:1.24", optedOut)).stored;
    const copied = annotated(annotations.passage, annotationOf(first, annotations.passage) ?? "");
    const later = world({ now: "2026-11-23T11:00:00.000Z" });
    const note = (stored: ReturnType<typeof web>) => openPassage(annotationOf(stored, annotations.passage), uid, keys);
    const given = review(web(optedOut), web(optedOut, image("nginx:1.25"), copied), { requestUid: "second", user: "ben" });
    expect(note(admit(given, later).stored)?.request).toMatchObject({ uid: "second", user: "ben", at: later.now });
    const held = admit(review(web(), web(image("nginx:1.25"), copied), {}), later);
    expect(held.admission.decision).toBe("Held");
    expect(note(held.stored)).toBeUndefined();
    const nothing = admit(review(web(), web(image("nginx:1.25"), copied), {}), world({ policies: [] }));
    expect(nothing.admission.decision).toBe("Stripped");
    expect(annotationOf(nothing.stored, annotations.passage)).toBeUndefined();
  });

  it("becomes a canary beside its old version all the same when the policy allows two versions", () => {
    const around = world({ policies: [policy("everything", { canary: { allowTwoVersions: true } })] });
    for (const change of [recreate, claim("data-0"), port]) expect(admit(setImage("a", change), around).admission.decision).toBe("Held");
  });

  it("becomes a canary when its claim is known to be shared", () => {
    const around = world({ claimIsShared: (namespace, name) => namespace === "shop" && name === "data-0" });
    expect(admit(setImage("a", claim("data-0")), around).admission.decision).toBe("Held");
  });
});
