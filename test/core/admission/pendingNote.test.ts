import { describe, expect, it } from "vitest";
import { annotations } from "../../../src/api/names.ts";
import type { Passage } from "../../../src/api/passage.ts";
import { annotationOf } from "../../../src/core/admission/admissionCase.ts";
import type { ReviewedDeployment } from "../../../src/core/admission/deploymentReview.ts";
import { openIntent, openPassage } from "../../../src/core/admission/seal.ts";
import { admit } from "./admit.ts";
import { annotated, image, keys, plan, review, setImage, uid, web, withoutAnnotations, world } from "./build.ts";

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
