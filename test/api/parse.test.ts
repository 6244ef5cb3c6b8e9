import { describe, expect, test } from "vitest";
import { parsePlan, parsePolicy } from "../../src/api/parse.ts";
import { aPlan } from "../build/plan.ts";
import { aMetric } from "../build/policy.ts";

const errorOf = (spec: unknown) => parsePolicy({ metadata: { name: "web" }, spec }).error;

describe("parsePolicy", () => {
  test("fills in the defaults", () => {
    const { policy } = parsePolicy({ metadata: { name: "web", uid: "u" }, spec: { steps: [{ setWeight: 30 }, { pause: {} }] } });
    expect(policy).toMatchInlineSnapshot(`
      {
        "apiVersion": "serin.dev/v1alpha1",
        "kind": "CanaryPolicy",
        "metadata": {
          "name": "web",
          "uid": "u",
        },
        "spec": {
          "canary": {
            "allowTwoVersions": false,
            "minReplicas": 1,
            "progressDeadline": "10m",
            "replicas": "Weight",
            "scaleDownDelay": "0s",
          },
          "history": {
            "for": "90d",
            "keep": 20,
          },
          "match": {
            "deploymentSelector": {},
            "images": [
              "*",
            ],
            "namespaceSelector": {},
          },
          "onFailure": "Revert",
          "onNoData": {
            "action": "Pause",
            "after": "5m",
          },
          "onRepeat": "Hold",
          "optOut": "Allow",
          "priority": 0,
          "revertAfter": "30s",
          "rollbackWindow": {
            "revisions": 1,
          },
          "steps": [
            {
              "setWeight": 30,
            },
            {
              "pause": {},
            },
          ],
          "suspend": false,
          "traffic": {
            "settle": "Auto",
            "withoutRoute": "Mesh",
          },
          "trigger": "Image",
          "whenWorkerIsDown": "Bypass",
        },
      }
    `);
  });

  test.each([
    [undefined, "CanaryPolicy web can't be used: spec: is required"],
    [{ steps: "all" }, "CanaryPolicy web can't be used: spec.steps: must be an array"],
    [{ steps: [{ setWeight: 101 }] }, "CanaryPolicy web can't be used: spec.steps[0].setWeight: must be at most 100"],
    [{ steps: [{ setWeight: Number.NaN }] }, "CanaryPolicy web can't be used: spec.steps[0].setWeight: must be a number"],
    [{ steps: [{ setWeight: 3, wait: 1 }] }, 'CanaryPolicy web can\'t be used: spec.steps[0]: unknown field "wait"'],
    [{ steps: [{ setWeight: 3 }], onFailure: "Panic" }, "CanaryPolicy web can't be used: spec.onFailure: must be Revert or Hold"],
    [
      { steps: [{ setWeight: 3 }, { pause: { duration: "30" } }] },
      "CanaryPolicy web can't be used: spec.steps[1].pause.duration: write a duration as whole numbers with units, such as 30s, 1m, 1h30m or 500ms",
    ],
    [
      { steps: [{ setWeight: 3 }], analysis: { metrics: [{ ...aMetric(), interval: undefined, count: 3 }] } },
      "CanaryPolicy web can't be used: spec.analysis.metrics[0]: a count above 1 needs an interval: write for example `interval: 30s`",
    ],
  ])("says what is wrong with %j", (spec, sentence) => {
    expect(errorOf(spec)).toBe(sentence);
  });

  test("names at most three problems", () => {
    expect(errorOf({ steps: [{ setWeight: 101 }], trigger: 1, suspend: 1, priority: 0.5, onRepeat: 1 })).toMatch(
      /^(?:[^;]*; ){3}and \d more$/,
    );
  });

  test.each([[null], [undefined], [3], ["text"], [[]], [{}], [{ metadata: { name: 3 } }]])("never throws: %j", (object) => {
    expect(parsePolicy(object).error).toMatch(/^CanaryPolicy can't be used: /);
    expect(parsePlan(object).error).toMatch(/^CanaryPlan can't be used: /);
  });
});

describe("parsePlan", () => {
  test("gives back a valid plan unchanged", () => {
    expect(parsePlan(aPlan()).plan).toEqual(aPlan());
  });

  test("overlooks fields that a newer Serin left, and doesn't touch the object", () => {
    const plan = aPlan();
    const newer = {
      ...plan,
      spec: { ...plan.spec, ticket: "OPS-1" },
      status: { ...plan.status, step: { ...plan.status?.step, mood: "good" } },
    };
    const before = structuredClone(newer);
    expect(parsePlan(newer).plan).toEqual(plan);
    expect(newer).toEqual(before);
  });

  test("says what is wrong with a phase that doesn't exist", () => {
    const plan = aPlan();
    expect(parsePlan({ ...plan, status: { ...plan.status, phase: "Dreaming" } }).error).toMatch(
      /^CanaryPlan nginx-x7k2m can't be used: status\.phase: must be Preparing or /,
    );
  });
});
