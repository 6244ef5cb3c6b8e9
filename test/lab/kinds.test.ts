import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { kinds } from "../../src/api/crd.ts";
import { apiVersion } from "../../src/api/names.ts";
import { parseMetricTemplate, parsePolicy } from "../../src/api/parse.ts";
import { type StructuralSchema, structural } from "../../src/api/structural.ts";
import { badNotifications } from "../api/badNotifications.ts";
import { aPlan, asking, inPhase } from "../build/plan.ts";
import { aMetric, aPolicy, withAnalysis } from "../build/policy.ts";
import { type Lab, startLab } from "./lab.ts";

/** The kinds on a real API server: what it takes, what it refuses, and with which words. */
let lab: Lab;

beforeAll(async () => {
  lab = await startLab({ without: ["serin", "istio", "prometheus"] });
  const folder = join(import.meta.dirname, "../../manifests/crd");
  for (const { plural } of kinds) await lab.apply(readFileSync(join(folder, `serin.dev_${plural}.yaml`), "utf8"));
  await lab.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd", ...kinds.map(({ plural }) => `${plural}.serin.dev`));
  await lab.kubectl("create", "namespace", "shop");
});
afterAll(() => lab?.stop());

const policy = (spec: unknown, name = "web") => ({ apiVersion, kind: "CanaryPolicy", metadata: { name }, spec });
const metric = (fields: Record<string, unknown>) =>
  policy({ steps: [{ setWeight: 30 }], analysis: { metrics: [{ ...aMetric(), ...fields }] } });
const prometheus = (fields: Record<string, unknown>) => metric({ provider: { prometheus: { query: "vector(1)", ...fields } } });
const builtin = (fields: Record<string, unknown>, beside: Record<string, unknown> = {}) =>
  policy({ steps: [{ setWeight: 30 }], analysis: { metrics: [{ name: "errors", builtin: fields, ...beside }] } });
const template = (fields: Record<string, unknown>, args?: unknown) => {
  const { name: _, ...body } = aMetric();
  return { apiVersion, kind: "MetricTemplate", metadata: { name: "t" }, spec: { args, metric: { ...body, ...fields } } };
};
const telling = (item: Record<string, unknown>) => policy({ steps: [{ setWeight: 30 }], notifications: [{ name: "releases", ...item }] });
const steps = (...list: unknown[]) => policy({ steps: [{ setWeight: 30 }, ...list] });

/** What kubectl printed; "" when the object was taken. */
const refusal = (object: unknown): Promise<string> =>
  lab.apply(typeof object === "string" ? object : stringify(object)).then(
    () => "",
    (error: Error) => error.message,
  );

const aDuration = "write a duration as whole numbers with units, such as 30s, 1m, 1h30m or 500ms";

const refused: Array<[what: string, object: unknown, says: string]> = [
  ["a field with a typo", policy({ steps: [{ setWeight: 30 }], onFailur: "Hold" }), 'unknown field "spec.onFailur"'],
  ["a field with a typo deep inside", steps({ setWight: 60 }), 'unknown field "spec.steps[1].setWight"'],
  ["no steps", policy({}), "spec.steps: Required value"],
  ["an empty list of steps", policy({ steps: [] }), "spec.steps: Invalid value: 0: spec.steps in body should have at least 1 items"],
  [
    "two keys in one step",
    steps({ setWeight: 60, pause: {} }),
    "a step is exactly one of setWeight, pause or analysis: write each as a list item of its own, such as `- setWeight: 30` or `- pause: {}`",
  ],
  ["a step with no key", steps({}), "a step is exactly one of setWeight, pause or analysis"],
  [
    "no weight at all",
    policy({ steps: [{ pause: { duration: "30s" } }] }),
    "steps never give the canary any traffic: add one such as `- setWeight: 30`",
  ],
  ["only weight 0", policy({ steps: [{ setWeight: 0 }] }), "steps never give the canary any traffic: add one such as `- setWeight: 30`"],
  ["weight 101", steps({ setWeight: 101 }), "spec.steps[1].setWeight in body should be less than or equal to 100"],
  ["weight -1", steps({ setWeight: -1 }), "spec.steps[1].setWeight in body should be greater than or equal to 0"],
  ["half a percent", steps({ setWeight: 0.5 }), 'spec.steps[1].setWeight in body must be of type integer: "number"'],
  ["a weight that is a text", steps({ setWeight: "30" }), 'spec.steps[1].setWeight in body must be of type integer: "string"'],
  ["a weight that is not a number", `${stringify(policy({ steps: [] })).replace("[]", "")}    - setWeight: .nan\n`, "NaN"],
  ["a pause without a unit", steps({ pause: { duration: "30" } }), `${aDuration}, or a number of seconds without quotes`],
  ["an empty pause", steps({ pause: { duration: "" } }), aDuration],
  ["a pause with a fraction", steps({ pause: { duration: "1.5m" } }), "spec.steps[1].pause.duration"],
  ["a pause in the past", steps({ pause: { duration: -1 } }), "spec.steps[1].pause.duration in body should be greater than or equal to 0"],
  ["an unknown unit", policy({ steps: [{ setWeight: 30 }], revertAfter: "2 weeks" }), aDuration],
  ["an empty duration", policy({ steps: [{ setWeight: 30 }], revertAfter: "" }), aDuration],
  ["an unknown word", policy({ steps: [{ setWeight: 30 }], onFailure: "Panic" }), 'supported values: "Revert", "Hold"'],
  [
    "a word for opting out that there is not",
    policy({ steps: [{ setWeight: 30 }], optOut: "Never" }),
    'supported values: "Allow", "Forbid"',
  ],
  [
    "a window into the future",
    policy({ steps: [{ setWeight: 30 }], rollbackWindow: { revisions: -1 } }),
    "spec.rollbackWindow.revisions in body should be greater than or equal to 0",
  ],
  [
    "a window of no number",
    policy({ steps: [{ setWeight: 30 }], rollbackWindow: 2 }),
    "spec.rollbackWindow in body must be of type object",
  ],
  [
    "half a pod",
    policy({ steps: [{ setWeight: 30 }], canary: { replicas: "50" } }),
    'write Weight, a number from 1 to 10000, or a percentage such as "50%"',
  ],
  ["no pod", policy({ steps: [{ setWeight: 30 }], canary: { replicas: 0 } }), "write Weight, a number from 1 to 10000"],
  [
    "an unknown settle time",
    policy({ steps: [{ setWeight: 30 }], traffic: { settle: "auto" } }),
    "write Auto, or a duration such as 2s or 500ms",
  ],
  [
    "an expression without values",
    policy({ steps: [{ setWeight: 30 }], match: { deploymentSelector: { matchExpressions: [{ key: "app", operator: "In" }] } } }),
    "In and NotIn need values, Exists and DoesNotExist have none",
  ],
  [
    "an analysis that would never start",
    policy({ steps: [{ setWeight: 30 }], analysis: { startingStep: 1, metrics: [aMetric()] } }),
    "analysis.startingStep is beyond the last step, so the analysis would never start: write the index of a step, from 0",
  ],
  [
    "an analysis without metrics",
    policy({ steps: [{ setWeight: 30 }], analysis: { metrics: [] } }),
    "spec.analysis.metrics in body should have at least 1 items",
  ],
  [
    "two metrics of one name",
    policy({ steps: [{ setWeight: 30 }], analysis: { metrics: [aMetric(), aMetric()] } }),
    'Duplicate value: {"name":"success-rate"}',
  ],
  [
    "a metric that judges nothing",
    metric({ successCondition: undefined }),
    "a metric without a condition judges nothing: write for example `successCondition: result[0] >= 0.95`, or a failureCondition",
  ],
  [
    "a count without an interval",
    metric({ count: 3, interval: undefined }),
    "a count above 1 needs an interval: write for example `interval: 30s`",
  ],
  ["a count that can't be reached", metric({ count: 2, failureLimit: 3 }), "count must be at least failureLimit + consecutiveSuccessLimit"],
  ["a count below the inconclusive limit", metric({ count: 2, inconclusiveLimit: 3 }), "count must be at least inconclusiveLimit"],
  [
    "a metric that can't fail and can't pass",
    metric({ failureLimit: -1 }),
    "failureLimit -1 never fails the metric, so it needs something that can pass it: write for example `consecutiveSuccessLimit: 3`",
  ],
  ["a metric of two kinds", metric({ builtin: { successRate: {} } }), "a metric is exactly one of provider, builtin and templateRef"],
  ["a metric of no kind", metric({ provider: undefined }), "a metric is exactly one of provider, builtin and templateRef"],
  ["a built-in with a condition", builtin({ successRate: {} }, { successCondition: "true" }), "a built-in is looked at with every scrape"],
  [
    "a built-in of two kinds",
    builtin({ successRate: {}, latency: { quantile: 0.99 } }),
    "a built-in is exactly one of successRate and latency",
  ],
  ["a built-in of no kind", builtin({ reporter: "source" }), "a built-in is exactly one of successRate and latency"],
  [
    "a threshold and a comparison",
    builtin({ successRate: { min: 0.99, compareWith: "Stable" } }),
    "write min for a fixed threshold, or compareWith for a comparison",
  ],
  ["a quantile that is not kept", builtin({ latency: { quantile: 0.42 } }), "latency.quantile: Unsupported value: 0.42"],
  ["a latency of 0", builtin({ latency: { quantile: 0.99, max: "0s" } }), "0 is faster than any request"],
  ["a latency of connections", builtin({ latency: { quantile: 0.99 }, protocol: "TCP" }), "Istio measures no latency of TCP connections"],
  ["a share above 1", builtin({ successRate: { min: 95 } }), "successRate.min in body should be less than or equal to 1"],
  ["a label that is none", builtin({ successRate: {}, matchers: [{ label: "a-b", value: "x" }] }), "write the name of a label"],
  [
    "a label twice",
    builtin({ successRate: {}, matchers: ["x", "y"].map((value) => ({ label: "source_app", value })) }),
    'Duplicate value: {"label":"source_app"}',
  ],
  [
    "a secret as an argument",
    metric({ provider: undefined, templateRef: { name: "t", args: [{ name: "token", valueFrom: { secretKeyRef: {} } }] } }),
    'unknown field "spec.analysis.metrics[0].templateRef.args[0].valueFrom"',
  ],
  [
    "an expression that could take for ever",
    policy({ steps: [{ setWeight: 30 }], analysis: { metrics: [aMetric()], dryRun: [{ metricName: "(a+)+$" }] } }),
    "without groups and with at most three of * + ?",
  ],
  [
    "a template's metric of two kinds",
    template({ builtin: { successRate: {} } }),
    "a template's metric is exactly one of provider and builtin",
  ],
  ["a template's metric that judges nothing", template({ successCondition: undefined }), "a metric without a condition judges nothing"],
  ["an argument that Serin gives", template({}, [{ name: "namespace" }]), "Serin itself fills in namespace, deployment, service"],
  ["an argument of no known type", template({}, [{ name: "x", type: "Secret" }]), 'supported values: "String", "Number", "Duration"'],
  ["a default that is no number", template({}, [{ name: "x", type: "Number", default: "many" }]), "the default is no number"],
  ["a default that is no duration", template({}, [{ name: "x", type: "Duration", default: "5" }]), "the default is no duration"],
  ["an argument twice", template({}, [{ name: "x" }, { name: "x" }]), 'Duplicate value: {"name":"x"}'],
  ["a negative limit", metric({ failureLimit: -2 }), "failureLimit in body should be greater than or equal to -1"],
  ["an interval of 0", metric({ interval: "0s" }), "0 would measure without a pause: write an interval such as 30s"],
  ["a bad name of a metric", metric({ name: "success rate" }), "write a name of letters, digits, '-', '_' and '.', such as success-rate"],
  ["no provider", metric({ provider: {} }), "provider.prometheus: Required value"],
  ["no query", prometheus({ query: undefined }), "prometheus.query: Required value"],
  [
    "an address without a scheme",
    prometheus({ address: "prometheus:9090" }),
    "write an address such as http://prometheus.istio-system:9090, without user, password or query",
  ],
  ["an address with a password", prometheus({ address: "http://me:secret@prometheus:9090" }), "without user, password or query"],
  ["a Secret with a namespace", prometheus({ credentials: "other/secret" }), "write the name of a Secret, such as serin-prometheus"],
  ["a timeout beyond 30s", prometheus({ timeout: "1m" }), "write a timeout from 1ms to 30s, such as 5s"],
  [
    "an approval of a step before the first",
    { ...aPlan(), metadata: { name: "p", namespace: "shop" }, spec: { ...aPlan().spec, control: { approve: { step: -1 } } } },
    "spec.control.approve.step in body should be greater than or equal to 0",
  ],
  ...badNotifications.map(([what, item, { both }]): [string, unknown, string] => [`to tell ${what}`, telling(item), both]),
];

describe("the API server refuses, and says what to write instead:", () => {
  test.each(refused)("%s", async (_, object, says) => {
    const said = await refusal(object);
    expect(said).toContain(says);
  });

  test("what it refuses, parsePolicy refuses too", () => {
    const texts = refused.filter(([, object]) => typeof object === "object" && (object as { kind: string }).kind === "CanaryPolicy");
    const byApiServerAlone = "a label twice";
    const taken = texts.filter(([what, object]) => what !== byApiServerAlone && parsePolicy(object).error === undefined);
    expect(taken.map(([what]) => what)).toEqual([]);
  });
});

describe("the API server takes", () => {
  test("a policy of one step, and fills in the defaults that zod fills in", async () => {
    expect(await refusal(policy({ steps: [{ setWeight: 30 }] }, "small"))).toBe("");
    const stored = JSON.parse(await lab.kubectl("get", "cpol", "small", "-o", "json")) as { spec: unknown };
    expect(stored.spec).toEqual(parsePolicy(policy({ steps: [{ setWeight: 30 }] })).policy?.spec);
  });

  test("a policy with every field, and gives back what was written", async () => {
    const full = aPolicy(withAnalysis(aMetric({ count: 10, failureLimit: 1, initialDelay: "1m", consecutiveErrorLimit: 4 })), (draft) => {
      draft.spec.steps = [
        { setWeight: 30 },
        { pause: {} },
        { pause: { duration: 30 } },
        { pause: { duration: "1h30m" } },
        { analysis: { metrics: [aMetric()] } },
      ];
      draft.spec.canary = { replicas: "50%" };
      draft.spec.match = { deploymentSelector: { matchExpressions: [{ key: "app", operator: "Exists" }] }, images: ["nginx:*"] };
    });
    expect(await refusal(policy(full.spec, "full"))).toBe("");
    const { policy: stored, error } = parsePolicy(JSON.parse(await lab.kubectl("get", "cpol", "full", "-o", "json")));
    expect(error).toBeUndefined();
    expect(stored?.spec).toEqual(full.spec);
    const columns = (await lab.kubectl("get", "canarypolicies")).split("\n")[0]?.trim().split(/\s+/);
    expect(columns).toEqual(["NAME", "SUSPENDED", "PRIORITY", "ACCEPTED", "AGE"]);
  });

  test("a policy of built-ins alone, and one whose metrics come from a template", async () => {
    const builtins = [
      { name: "errors", builtin: { successRate: {} } },
      { name: "rate", builtin: { successRate: { min: 0.99, minRequests: 100 }, protocol: "TCP", reporter: "destination" } },
      { name: "p99", builtin: { latency: { quantile: 0.99, max: "500ms" }, matchers: [{ label: "source_workload", value: "gateway" }] } },
      { name: "p50", builtin: { latency: { quantile: 0.5, compareWith: "Stable", alpha: 0.001, tolerance: 1.5 } } },
    ];
    const spec = aPolicy((draft) => {
      draft.spec.analysis = {
        metrics: builtins as never,
        dryRun: [{ metricName: "p50" }],
        measurementRetention: [{ metricName: ".*", limit: 20 }],
      };
    }).spec;
    expect(await refusal(policy(spec, "builtins"))).toBe("");
    expect(parsePolicy(JSON.parse(await lab.kubectl("get", "cpol", "builtins", "-o", "json"))).policy?.spec).toEqual(spec);
    const made = template({}, [
      { name: "min", type: "Number", default: "0.95", description: "The least share." },
      { name: "window", type: "Duration", default: "1m" },
      { name: "job" },
    ]);
    expect(await refusal(made)).toBe("");
    const stored = JSON.parse(await lab.kubectl("get", "mtpl", "t", "-o", "json"));
    expect(parseMetricTemplate(stored).template?.spec).toEqual(parseMetricTemplate(made).template?.spec);
    expect((await lab.kubectl("get", "metrictemplates")).split("\n")[0]?.trim().split(/\s+/)).toEqual(["NAME", "ARGS", "INTERVAL", "AGE"]);
    const refers = { name: "rate", templateRef: { name: "t", args: [{ name: "job", value: "shop" }] }, failureLimit: 2 };
    expect(await refusal(policy({ steps: [{ setWeight: 30 }], analysis: { metrics: [refers] } }, "refers"))).toBe("");
  });

  test("a plan, whose record can't be edited, but whose control can", async () => {
    const { metadata, status, ...plan } = aPlan(inPhase("Paused"));
    const object = { ...plan, metadata: { name: metadata.name, namespace: metadata.namespace } };
    expect(await refusal(object)).toBe("");
    await lab.kubectl(
      "patch",
      "plan",
      metadata.name,
      "-n",
      "shop",
      "--subresource=status",
      "--type=merge",
      "-p",
      JSON.stringify({ status }),
    );
    const [columns, row] = (await lab.kubectl("get", "plan", "-n", "shop", "--field-selector", "spec.deployment.name=nginx")).split("\n");
    expect(columns?.trim().split(/\s+/)).toEqual(["NAME", "DEPLOYMENT", "PHASE", "STEP", "WEIGHT", "IMAGE", "REASON", "AGE"]);
    expect(row?.split(/\s+/).slice(0, 7)).toEqual(["nginx-x7k2m", "nginx", "Paused", "0/4", "0", "nginx:1.24.0", "StepStarted"]);
    const edited = { ...object, spec: { ...object.spec, canary: { ...object.spec.canary, images: ["nginx:evil"] } } };
    expect(await refusal(edited)).toContain("a plan records one change and can't be edited but for spec.control");
    expect(await refusal({ ...object, spec: { ...object.spec, request: { ...object.spec.request, user: "bob" } } })).toContain(
      "a plan's policy and request are a record",
    );
    expect(await refusal({ ...object, spec: aPlan(asking({ abort: {} })).spec })).toBe("");
  });
});

test("kubectl explain documents every field", async () => {
  for (const { singular, spec, status } of kinds) {
    const told = await lab.kubectl("explain", singular, "--recursive");
    const fields = fieldsOf({ properties: { spec: structural(spec), ...(status && { status: structural(status) }) } });
    expect(fields.filter((field) => !told.includes(field))).toEqual([]);
  }
  expect(await lab.kubectl("explain", "canarypolicy.spec.steps.setWeight")).toContain(
    "Percent of the Service's requests that the canary gets.",
  );
  expect(await lab.kubectl("explain", "cpol.spec.analysis.metrics.failureLimit")).toContain("-1 forgives all");
});

function fieldsOf({ properties = {}, items }: StructuralSchema): string[] {
  return [...Object.entries(properties).flatMap(([name, schema]) => [name, ...fieldsOf(schema)]), ...(items ? fieldsOf(items) : [])];
}
