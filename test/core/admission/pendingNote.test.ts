import { describe, expect, it } from "vitest";
import { annotations } from "../../../src/api/names.ts";
import type { Passage } from "../../../src/api/passage.ts";
import { annotationOf } from "../../../src/core/admission/admissionCase.ts";
import type { ReviewedDeployment } from "../../../src/core/admission/deploymentReview.ts";
import { openIntent, openPassage } from "../../../src/core/admission/seal.ts";
import { admit } from "./admit.ts";
import {
  annotated,
  digestOf,
  image,
  keys,
  paused,
  plan,
  review,
  setImage,
  stableDigest,
  uid,
  web,
  withoutAnnotations,
  world,
} from "./build.ts";

/** No worker is alive, a change rolled out without a canary, and its note waits for one. */
const alone = world({ workerIsAlive: false });
const textOf = (stored: ReviewedDeployment) => annotationOf(stored, annotations.passage) ?? "";
const noteOf = (stored: ReviewedDeployment): Passage | undefined => openPassage(textOf(stored), uid, keys);
const first = admit(setImage("nginx:1.24"), alone).stored;
const noted = annotated(annotations.passage, textOf(first));
const before = web(image("nginx:1.24"), noted);
/** The worker has made its record. */
const recorded = [plan({ name: "web-fghij", phase: "Bypassed", live: false, requestUid: noteOf(first)?.request.uid ?? "" })];

describe("the note of a change that no worker has put on record yet", () => {
  it("stays, whatever else is written", () => {
    const labelled = web(image("nginx:1.24"), noted, ({ metadata }) => void Object.assign(metadata.labels ?? {}, { tier: "front" }));
    const { admission, stored } = admit(review(before, labelled), alone);
    expect(admission.operations).toEqual([]);
    expect(textOf(stored)).toBe(textOf(first));
  });

  it("also through a write that no policy is for", () => {
    const { stored } = admit(review(before, web(image("redis:7"), noted)), world({ policies: [] }));
    expect(textOf(stored)).toBe(textOf(first));
  });

  it.each([
    ["taken off", withoutAnnotations],
    ["changed", annotated(annotations.passage, textOf(first).replace("ben", "eve"))],
  ])("is put back when it was %s", (_, change) => {
    const { admission, stored } = admit(review(before, web(image("nginx:1.24"), noted, change)), alone);
    expect(admission).toMatchObject({ decision: "NoteKept", reason: "NotePutBack", warnings: [] });
    expect(textOf(stored)).toBe(textOf(first));
  });

  it("goes on in the note of the next change, ten requests at most", () => {
    let stored = first;
    for (let i = 0; i < 14; i += 1) {
      const asking = { requestUid: `later-${i}`, user: "eve" };
      const next = web(image(`nginx:2.${i}`), annotated(annotations.passage, textOf(stored)));
      stored = admit(review(stored, next, asking), alone).stored;
    }
    const { request, overwritten = [], before: replaced } = noteOf(stored) ?? {};
    expect(request?.uid).toBe("later-13");
    expect(overwritten.map((each) => each.uid)).toEqual(Array.from({ length: 10 }, (_, i) => `later-${i + 3}`));
    expect(replaced?.images).toEqual(["nginx:2.12"]);
  });

  it("goes on in the intent of the next canary", () => {
    const { admission, stored } = admit(review(before, web(image("nginx:1.25"), noted), { requestUid: "next" }));
    expect(admission.decision).toBe("Held");
    expect(openIntent(annotationOf(stored, annotations.intent), uid, keys)?.overwritten).toEqual([noteOf(first)?.request]);
    expect(textOf(stored)).toBe("");
  });
});

describe("a note that can't be written", () => {
  it("while no key is known leaves the one before it", () => {
    const given = review(before, web(image("nginx:1.25"), noted), { requestUid: "next" });
    const { admission, stored } = admit(given, world({ keys: [] }));
    expect(admission.reason).toBe("BypassNoKeys");
    expect(textOf(stored)).toBe(textOf(first));
    const { stored: untouched } = admit(review(before, web(image("redis:7"), noted)), world({ keys: [], policies: [] }));
    expect(textOf(untouched)).toBe(textOf(first));
  });

  it("for lack of room leaves the one before it", () => {
    const full = annotated("x", "y".repeat(256 * 1024 - 1500));
    const { admission, stored } = admit(review(before, web(image("nginx:1.25"), noted, full)), alone);
    expect(admission.decision).toBe("Bypassed");
    expect(textOf(stored)).toBe(textOf(first));
  });

  it("in full leaves out the oldest of the requests before it", () => {
    const groups = Array.from({ length: 64 }, (_, i) => `${i}`.padEnd(1_000, "g"));
    let stored = first;
    for (let i = 0; i < 6; i += 1) {
      const next = web(image(`nginx:2.${i}`), annotated(annotations.passage, textOf(stored)));
      stored = admit(review(stored, next, { requestUid: `later-${i}`, groups }), alone).stored;
    }
    expect(noteOf(stored)?.request.uid).toBe("later-5");
    expect(noteOf(stored)?.overwritten?.map((each) => each.uid)).toEqual(["later-2", "later-3", "later-4"]);
  });

  it("because it is a dry run leaves no trace: anybody could write its answer back", () => {
    const { stored } = admit(review(web(), web(image("evil:1")), { dryRun: true }), alone);
    expect(annotationOf(stored, annotations.passage)).toBeUndefined();
    const { stored: kept } = admit(review(before, web(image("evil:1"), noted), { dryRun: true }), alone);
    expect(textOf(kept)).toBe(textOf(first));
  });
});

it("of a change under the user's own pause says what served before his first edit", () => {
  const edited = admit(review(web(paused), web(paused, image("nginx:1.24")))).stored;
  const resumed = structuredClone(edited);
  delete resumed.spec.paused;
  const { admission, stored } = admit(review(edited, resumed, { fieldManager: "kubectl-rollout" }), alone);
  expect(admission.decision).toBe("Bypassed");
  expect(noteOf(stored)).toMatchObject({
    before: { digest: stableDigest, images: ["nginx:1.23"] },
    asked: { digest: digestOf(image("nginx:1.24")), images: ["nginx:1.24"] },
  });
});

describe("the note of a change that is on record", () => {
  const around = world({ workerIsAlive: false, plans: recorded });

  it("goes with the next write", () => {
    const { admission, stored } = admit(review(before, web(image("nginx:1.24"), noted)), around);
    expect(admission).toMatchObject({ decision: "Stripped", reason: "LeftoverRemoved" });
    expect(textOf(stored)).toBe("");
  });

  it("says nothing in the next one", () => {
    const { stored } = admit(review(before, web(image("nginx:1.25"), noted), { requestUid: "next" }), around);
    expect(noteOf(stored)).toMatchObject({ request: { uid: "next" } });
    expect(noteOf(stored)?.overwritten).toBeUndefined();
  });
});

it("a forged note is nobody's: it goes", () => {
  const forged = annotated(annotations.passage, textOf(first).replace("ben", "eve"));
  const { admission, stored } = admit(review(web(forged), web(forged)));
  expect(admission).toMatchObject({ decision: "Stripped", reason: "LeftoverRemoved" });
  expect(textOf(stored)).toBe("");
});
