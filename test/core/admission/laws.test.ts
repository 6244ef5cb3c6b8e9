import fc from "fast-check";
import { expect, it } from "vitest";
import { annotations } from "../../../src/api/names.ts";
import { admitDeployment } from "../../../src/core/admission/admitDeployment.ts";
import type { ReviewedDeployment } from "../../../src/core/admission/deploymentReview.ts";
import { jsonPointer } from "../../../src/core/admission/jsonPatch.ts";
import { openIntent } from "../../../src/core/admission/seal.ts";
import { annotated, applied, held, image, keys, paused, plan, policy, review, uid, unpaused, web, world } from "./build.ts";

type Change = Parameters<typeof web>[0];

/** Some history of writes that may have led to the stored object, and some write over it. */
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.constantFrom("nginx:1.23", "nginx:1.24", "nginx:1.25", "redis:7").map((reference) => image(reference)),
  fc.constantFrom<Change>(paused, unpaused, held("nginx:1.24"), held("nginx:1.25")),
  fc.constantFrom("off", "on").map((value) => annotated(annotations.canary, value)),
  fc.constantFrom("1", "2").map((revision) => annotated(annotations.unpauseAsked, revision)),
  fc
    .tuple(fc.oneof(fc.string(), fc.constantFrom(...Object.values(annotations), "__proto__", "a/b~c")), fc.string())
    .map(([key, value]) => annotated(key, value)),
  fc.nat(5).map<Change>((replicas) => ({ spec }) => {
    spec.replicas = replicas;
  }),
  fc.constant<Change>(({ metadata }) => void delete metadata.annotations),
);
const changes = fc.array(change, { maxLength: 5 });
const around = fc
  .record({
    alive: fc.boolean(),
    phase: fc.constantFrom("Progressing", "Paused", "Promoting", "Promoted", "RolledBack", "Held") as fc.Arbitrary<"Held">,
    gate: fc.boolean(),
    planned: fc.boolean(),
    trigger: fc.constantFrom("Image", "Template"),
    onRepeat: fc.constantFrom("Hold", "Deny", "Retry"),
    optOut: fc.constantFrom("Allow", "Forbid"),
    images: fc.constantFrom(["*"], ["nginx"], ["*:1.24", "redis:*"]),
  })
  .map(({ alive, phase, gate, planned, trigger, onRepeat, optOut, images }) =>
    world({
      workerIsAlive: alive,
      policies: [policy("everything", { trigger, onRepeat, optOut, match: { images } })],
      plans: planned ? [plan({ phase, live: phase !== "Held", atGate: gate })] : [],
    }),
  );
const write = fc.record({
  before: changes,
  after: changes,
  fieldManager: fc.constantFrom("kubectl-set", "kubectl-rollout", "helm"),
  around,
});

const isHeld = (deployment: ReviewedDeployment): boolean =>
  deployment.spec.paused === true && openIntent(deployment.metadata.annotations?.[annotations.intent], uid, keys) !== undefined;

it("admission of its own output is empty, and what is held stays held", () => {
  fc.assert(
    fc.property(write, ({ before, after, fieldManager, around }) => {
      const oldObject = web(...before);
      const object = web(...before, ...after);
      const admission = admitDeployment(review(oldObject, object, { fieldManager }), around);
      if (!admission.allowed) return;
      const stored = applied(object, admission);
      const again = admitDeployment(review(oldObject, structuredClone(stored), { fieldManager, requestUid: "again" }), around);
      expect(again.operations).toEqual([]);
      if (isHeld(oldObject)) expect(isHeld(stored)).toBe(true);
      // Nothing but the pause and our own annotations is ever changed.
      for (const { path } of admission.operations) {
        expect([
          "/spec/paused",
          "/metadata/annotations",
          ...Object.values(annotations).map((key) => jsonPointer("metadata", "annotations", key)),
        ]).toContain(path);
      }
    }),
    { numRuns: 500 },
  );
}, 60_000);

it("a pointer leads back to its segments", () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1 }), (segments) => {
      const back = jsonPointer(...segments)
        .split("/")
        .slice(1)
        .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
      expect(back).toEqual(segments);
    }),
  );
});
