import { expect, test } from "vitest";
import type { StructuralSchema } from "../../../src/api/structural.ts";
import { withoutDefaults } from "../../../src/api/withoutDefaults.ts";
import { fieldDigests } from "../../../src/core/audit/fields.ts";
import { journalRoot } from "../../../src/core/audit/journal.ts";
import { aPlan } from "../../build/plan.ts";

test("what a newer Serin's schema fills in changes no digest", () => {
  const schema: StructuralSchema = {
    type: "object",
    properties: {
      steps: { type: "array", items: { type: "object", properties: { weight: { default: 5 }, at: {} } } },
      added: { type: "object", default: {}, properties: { keep: { default: 20 }, for: { default: "90d" } } },
    },
  };
  const before = { steps: [{ at: 1 }] };
  const after = { steps: [{ at: 1, weight: 5 }], added: { keep: 20, for: "90d" } };
  expect(withoutDefaults(after, schema)).toEqual(before);
  expect(withoutDefaults({ ...after, added: { keep: 3, for: "90d" } }, schema)).toEqual({ ...before, added: { keep: 3 } });
});

test("a policy without a word about its defaults is the same as one that says them", () => {
  const plan = aPlan();
  const bare = structuredClone(plan);
  const spec = bare.spec.policy?.spec as Record<string, unknown>;
  for (const field of ["history", "onNoData", "canary", "onFailure", "suspend"]) delete spec[field];
  expect(journalRoot(bare)).toBe(journalRoot(plan));
  expect(fieldDigests(bare, { phase: "Promoted", reason: "", message: "" })).toEqual(
    fieldDigests(plan, { phase: "Promoted", reason: "", message: "" }),
  );
});

test("each field has a digest of its own, and what may differ has none", () => {
  const plan = aPlan(({ spec }) => void Object.assign(spec.control, { hold: { by: "alice", at: "x" }, retry: {} }));
  const fields = fieldDigests(plan, { phase: "Promoted", reason: "Promoted", message: "m", observedGeneration: 4, journal: [] });
  expect(Object.keys(fields).sort()).toEqual([
    "spec.canary",
    "spec.deployment",
    "spec.policy",
    "spec.request",
    "spec.stable",
    "status.message",
    "status.phase",
    "status.reason",
  ]);
});
