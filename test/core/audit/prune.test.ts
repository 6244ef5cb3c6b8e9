import { expect, test } from "vitest";
import { finalizers } from "../../../src/api/names.ts";
import type { CanaryPlan } from "../../../src/api/plan.ts";
import { plansToPrune } from "../../../src/core/audit/prune.ts";
import { at, start } from "../../build/story.ts";
import { aHistory, Dice, makeKey } from "./history.ts";

const key = makeKey(at(0));
/** Ended 10 minutes apart, the last one at 50 minutes. */
const plans = aHistory(new Dice(1), { plans: 6, entries: 5, keys: [key] }).plans.map((plan, index) => {
  if (plan.status) plan.status.finishedAt = at(index * 600);
  plan.metadata.finalizers = [];
  return plan;
});
const gone = (list: readonly CanaryPlan[], history: { keep: number; for: string }) =>
  plansToPrune([...list].reverse(), start + 3_000_000, () => history).map(({ metadata }) => metadata.name);

test("what is not among the newest goes, and what is too old; the newest stays", () => {
  expect(gone(plans, { keep: 20, for: "90d" })).toEqual([]);
  expect(gone(plans, { keep: 4, for: "90d" })).toEqual(["web-0", "web-1"]);
  expect(gone(plans, { keep: 20, for: "25m" })).toEqual(["web-0", "web-1", "web-2"]);
  expect(gone(plans, { keep: 1, for: "0" })).toEqual(["web-0", "web-1", "web-2", "web-3", "web-4"]);
});

test("what is live, still holds its Deployment, is being deleted, or has no seal, stays", () => {
  const changed = structuredClone(plans);
  const [live, holds, going, unsealed] = changed;
  if (live?.status) live.status.phase = "Progressing";
  if (holds) holds.metadata.finalizers = [finalizers.plan];
  if (going) going.metadata.deletionTimestamp = at(0);
  delete unsealed?.status?.seal;
  expect(gone(changed, { keep: 1, for: "90d" })).toEqual(["web-4"]);
  expect(plansToPrune(plans, start + 3_000_000, () => undefined)).toEqual([]);
});

test("as many as one write takes", () => {
  const many = Array.from({ length: 80 }, (_, index) => structuredClone(plans[index % 6] as CanaryPlan));
  expect(gone(many, { keep: 1, for: "90d" })).toHaveLength(50);
});
