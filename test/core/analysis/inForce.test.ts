import { describe, expect, test } from "vitest";
import type { PolicySpec } from "../../../src/api/policy.ts";
import { metricsInForce, unjudgedSteps } from "../../../src/core/analysis/inForce.ts";
import { aMetric } from "./aMetric.ts";

const background = aMetric({ name: "background" });
const inline = aMetric({ name: "inline" });
const steps: PolicySpec["steps"] = [
  { setWeight: 30 },
  { pause: { duration: "30s" } },
  { analysis: { metrics: [inline] } },
  { setWeight: 60 },
  { pause: {} },
  { setWeight: 100 },
];

describe("which metrics judge which step", () => {
  test("W5: background metrics from startingStep on, also behind the last step", () => {
    const policy = { steps, analysis: { startingStep: 3, metrics: [background] } };
    const names = [0, 1, 2, 3, 4, 5, 6].map((index) => metricsInForce(policy, index).map(({ metric }) => metric.name));
    expect(names).toEqual([[], [], ["inline"], ["background"], ["background"], ["background"], ["background"]]);
  });

  test("an analysis step has both, and its own carry their step", () => {
    const policy = { steps, analysis: { startingStep: 0, metrics: [background] } };
    expect(metricsInForce(policy, 2)).toEqual([
      { metric: background, dryRun: false, retention: undefined },
      { metric: inline, step: 2, dryRun: false, retention: undefined },
    ]);
  });
});

describe("unjudgedSteps", () => {
  test("a background analysis from the first step judges all", () => {
    expect(unjudgedSteps({ steps, analysis: { startingStep: 0, metrics: [background] } })).toEqual([]);
  });

  test("without one: the timed pause and the last weight, not the gate, not the weights that something looks at", () => {
    expect(unjudgedSteps({ steps })).toEqual([1, 5]);
  });

  test("before startingStep nothing judges", () => {
    expect(unjudgedSteps({ steps, analysis: { startingStep: 3, metrics: [background] } })).toEqual([1]);
  });

  test("a weight that is left at once is unjudged, a pause at weight 0 is nobody's matter", () => {
    expect(unjudgedSteps({ steps: [{ setWeight: 10 }, { setWeight: 50 }, { analysis: { metrics: [inline] } }] })).toEqual([0]);
    expect(unjudgedSteps({ steps: [{ pause: { duration: "1m" } }, { setWeight: 50 }, { analysis: { metrics: [inline] } }] })).toEqual([]);
  });
});
