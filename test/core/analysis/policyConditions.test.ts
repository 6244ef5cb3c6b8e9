import { expect, test } from "vitest";
import type { CanaryPolicy } from "../../../src/api/policy.ts";
import { policyConditions } from "../../../src/core/analysis/policyConditions.ts";
import { aMetric, aPolicy, withSpec } from "../../build/policy.ts";

const now = "2026-11-23T12:00:00Z";
const steps = [{ setWeight: 30 }, { pause: { duration: "30s" } }, { setWeight: 100 }, { pause: {} }];
const policy = (spec: Parameters<typeof withSpec>[0]): CanaryPolicy => aPolicy(withSpec({ steps, ...spec }));
const said = (of: CanaryPolicy) =>
  Object.fromEntries((policyConditions(of, now).conditions ?? []).map(({ type, status, message }) => [type, [status, message]]));

test("a policy whose metrics can be used and judge every step", () => {
  expect(said(policy({ analysis: { metrics: [aMetric()] } }))).toEqual({
    Accepted: ["True", "4 steps, 1 metric"],
    Unjudged: ["False", "every step with traffic ends with a pass or a person"],
  });
});

test("a step that ends by time alone is named; a gate is none", () => {
  expect(said(policy({ analysis: undefined }))["Unjudged"]).toEqual([
    "True",
    "step 2 of 4: traffic for the canary and no metric in force, so time alone ends it. Add spec.analysis, or an earlier startingStep",
  ]);
});

test("a condition that can't be read and a placeholder that nobody knows are said with their metric", () => {
  const metrics = [
    aMetric({ name: "one", successCondition: "result[0] >=" }),
    aMetric({ name: "two", provider: { prometheus: { query: "up{ns='{{args.cluster}}'}" } } }),
  ];
  const [status, message] = said(policy({ analysis: { metrics } }))["Accepted"] ?? [];
  expect(status).toBe("False");
  expect(message).toMatch(
    /^metric one: successCondition result\[0\] >=, column 13: .*; metric two: query, line 1, column 8: \{\{args\.cluster\}\} is not known: use .*\. Canaries under it roll back$/,
  );
});

test("a query that Prometheus would refuse is said with line and column", () => {
  const query = "sum(rate(x[1m]))\n/ sum(rate(x))";
  expect(said(policy({ analysis: { metrics: [aMetric({ provider: { prometheus: { query } } })] } }))["Accepted"]).toEqual([
    "False",
    "metric success-rate: query, line 2, column 13: rate() needs a range of samples: write for example x[1m]. Canaries under it roll back",
  ]);
});

test("a range that is short only where Prometheus scrapes as seldom as usual is a note", () => {
  const [status, message] =
    said(policy({ analysis: { metrics: [aMetric({ provider: { prometheus: { query: "rate(x[5s])" } } })] } }))["Accepted"] ?? [];
  expect([status, message]).toEqual([
    "True",
    "4 steps, 1 metric; metric success-rate: query, line 1, column 8: [5s] is shorter than two scrapes of 15s, so rate() finds no data: write at least [30s]",
  ]);
});

test("the same policy gives the same status; a transition keeps its time until the status changes", () => {
  const before = policy({ analysis: { metrics: [aMetric()] } });
  const status = policyConditions(before, now);
  expect(policyConditions({ ...before, status }, "2026-11-23T13:00:00Z")).toEqual(status);
  const after = { ...policy({ analysis: undefined }), status };
  const times = (policyConditions(after, "2026-11-23T13:00:00Z").conditions ?? []).map(({ lastTransitionTime }) => lastTransitionTime);
  expect(times).toEqual([now, "2026-11-23T13:00:00Z"]);
});
