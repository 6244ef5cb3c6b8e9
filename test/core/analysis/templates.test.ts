import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { metric as metricSchema } from "../../../src/api/metric.ts";
import { parsePolicy } from "../../../src/api/parse.ts";
import { judge } from "../../../src/core/analysis/condition.ts";
import { policyConditions } from "../../../src/core/analysis/policyConditions.ts";
import { renderQuery } from "../../../src/core/analysis/query.ts";
import { resolveMetric, unresolved, withTemplates } from "../../../src/core/analysis/templates.ts";
import { sameShape } from "../../../src/core/promql/shape.ts";
import { aMetricTemplate } from "../../build/metricTemplate.ts";
import { aPolicy, aMetric as aPolicyMetric, withSpec } from "../../build/policy.ts";

// Rows R6 to R8 of research/peers.md §4a. Argo's templates are filled in when an AnalysisRun is made; Serin's when the plan is made.

const template = aMetricTemplate();
const templates = (name: string) => (name === "rate" ? template : undefined);
const refer = (args: Array<{ name: string; value: string }> = [], fields: object = {}) => ({
  name: "success",
  templateRef: { name: "rate", args },
  ...fields,
});
const job = { name: "job", value: "shop" };
const given = { namespace: "n", deployment: "d", service: "s", canaryHash: "c", stableHash: "h" };

const filled = (...args: Parameters<typeof refer>) => {
  const resolved = resolveMetric(refer(...args), templates);
  if ("error" in resolved) throw new Error(resolved.error);
  return resolved.metric;
};
const errorOf = (metric: ReturnType<typeof refer>, from = templates): string => {
  const resolved = resolveMetric(metric, from);
  return "error" in resolved ? resolved.error : "";
};

describe("R6: arguments", () => {
  test("R6: a value of the policy goes before the template's default (Argo: the rollout's before the template's)", () => {
    expect(filled([job])).toMatchObject({
      name: "success",
      interval: "10s",
      failureLimit: 1,
      successCondition: "result[0] >= 0.95",
      provider: { prometheus: { query: 'rate(good{job="shop",ns="{{args.namespace}}"}[1m])' } },
    });
    expect(filled([job, { name: "min", value: "0.5" }, { name: "window", value: "1h30m" }])).toMatchObject({
      successCondition: "result[0] >= 0.5",
      provider: { prometheus: { query: 'rate(good{job="shop",ns="{{args.namespace}}"}[1h30m])' } },
    });
  });

  test("R6: an argument without a value: args.job was not resolved, which the policy says before anything starts", () => {
    const says = "MetricTemplate rate: args.job was not resolved: give it a value in templateRef.args";
    expect(errorOf(refer())).toBe(says);
    const policy = aPolicy(withSpec({ analysis: { metrics: [refer()] } }));
    expect(policyConditions(policy, "2026-11-23T12:00:00Z", templates).conditions?.[0]).toMatchObject({
      type: "Accepted",
      status: "False",
      message: `metric success: ${says}. Canaries under it roll back`,
    });
    expect(unresolved(refer(), templates)).toBe(says);
  });

  test("R6: a placeholder that no argument fills is not resolved either (Argo: the run is an Error)", () => {
    const careless = aMetricTemplate({ successCondition: "result[0] >= {{args.least}}" });
    expect(errorOf(refer([job]), () => careless)).toBe(
      "MetricTemplate rate: args.least was not resolved: the template does not declare it",
    );
    expect(errorOf(refer([job, { name: "least", value: "1" }]))).toBe("MetricTemplate rate: it has no argument least");
    expect(errorOf({ ...refer([job]), templateRef: { name: "gone", args: [] } })).toBe("MetricTemplate gone does not exist");
  });

  test.each([
    ["min", "much", 'MetricTemplate rate: args.min: "much" is no number'],
    ["min", "0.9) or vector(1", 'MetricTemplate rate: args.min: "0.9) or vector(1" is no number'],
    ["window", "5", 'MetricTemplate rate: args.window: "5" is not a duration: write it like 30s, 1m, 1h30m or 500ms'],
    ["job", "{{args.canary-hash}}", 'MetricTemplate rate: args.job: "{{args.canary-hash}}" contains {{'],
  ])("R6: %s = %s does not fit its type", (name, value, says) => {
    expect(errorOf(refer([...(name === "job" ? [] : [job]), { name, value }]))).toBe(says);
  });

  test("R6: a duration is its seconds in a condition", () => {
    const slow = aMetricTemplate({ successCondition: "result[0] < {{ args.window }}" });
    const resolved = resolveMetric(refer([job, { name: "window", value: "1500ms" }]), () => slow);
    expect(resolved).toMatchObject({ metric: { successCondition: "result[0] < 1.5" } });
  });

  test("R6: law: no value of a text ends the string that it stands in, in the query or in the condition", () => {
    const said = aMetricTemplate({ successCondition: '"{{args.job}}" != "" && result[0] > 0.5' });
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("\\", '"', "'", "`", "\n", "a", " "), minLength: 1 }), (value) => {
        const resolved = resolveMetric(refer([{ name: "job", value }]), () => said);
        const metric = "metric" in resolved ? resolved.metric : undefined;
        const query = renderQuery(metric?.provider?.prometheus.query ?? "", given);
        expect("query" in query && query.query).toMatch(/^rate\(good\{job="[^"'`\n]*",ns="n"\}\[1m\]\)$/);
        expect(metric && judge(metric, { kind: "values", values: [0.6] }).verdict).toBe("pass");
        expect(metric && judge(metric, { kind: "values", values: [0.4] }).verdict).toBe("fail");
      }),
    );
  });

  test("what is written beside the reference goes before the template; a condition of its own replaces both", () => {
    const own = filled([job], { interval: "1m", failureCondition: "result[0] < 0.1" });
    expect(own).toMatchObject({ interval: "1m", failureLimit: 1, failureCondition: "result[0] < 0.1" });
    expect(own).not.toHaveProperty("successCondition");
    expect(own).not.toHaveProperty("templateRef");
  });

  test("a plan takes them filled in, in the background and in steps; what can't be filled in stays", () => {
    const steps = [{ setWeight: 30 }, { analysis: { metrics: [refer([job])] } }];
    const { spec } = aPolicy(withSpec({ steps, analysis: { metrics: [refer()] } }));
    const full = withTemplates(spec, templates);
    expect(full.steps[1]?.analysis?.metrics[0]).toMatchObject({ name: "success", successCondition: "result[0] >= 0.95" });
    expect(full.analysis?.metrics[0]).toEqual(refer());
    expect(withTemplates(full, templates)).toEqual(full);
  });
});

describe("arguments are values and nothing else", () => {
  test("a text stands in quotes, or the metric can't be filled in", () => {
    const careless = aMetricTemplate({
      provider: { prometheus: { query: 'sum by ({{args.job}}) (rate(x{ns="{{args.namespace}}"}[{{args.window}}]))' } },
    });
    expect(errorOf(refer([job]), () => careless)).toBe(
      'MetricTemplate rate: {{args.job}} is a text, so it stands in quotes: write "{{args.job}}"',
    );
  });

  test("a number below 0 is one", () => {
    const below = aMetricTemplate({ provider: { prometheus: { query: 'x{job="{{args.job}}"} - {{args.min}}' } } });
    expect(resolveMetric(refer([job, { name: "min", value: "-0.5" }]), () => below)).toMatchObject({
      metric: { provider: { prometheus: { query: 'x{job="shop"} - -0.5' } } },
    });
  });

  test("law: whatever the values, the query that is asked has the template's shape and matchers", () => {
    const number = fc.oneof(
      fc.integer().map(String),
      fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }).map((value) => value.toFixed(3)),
    );
    const duration = fc.tuple(fc.nat(99), fc.constantFrom("ms", "s", "m", "h")).map(([count, unit]) => `${count}${unit}`);
    const text = fc.string({ unit: "binary", maxLength: 40 }).filter((value) => !value.includes("{{"));
    const query = 'rate(good{job="{{args.job}}",ns=~"{{args.namespace}}"}[{{args.window}}]) - {{args.min}}';
    const one = aMetricTemplate({ provider: { prometheus: { query } } });
    fc.assert(
      fc.property(text, number, duration, text, (value, min, window, namespace) => {
        const args = [
          { name: "job", value },
          { name: "min", value: min },
          { name: "window", value: window },
        ];
        const resolved = resolveMetric(refer(args), () => one);
        if ("error" in resolved) throw new Error(resolved.error);
        const rendered = renderQuery(resolved.metric.provider?.prometheus.query ?? "", { ...given, namespace: `n${namespace}` });
        const plain = `rate(good{job="a",ns=~"b"}[1m]) - ${min.startsWith("-") ? "-1" : "1"}`;
        expect(rendered).toHaveProperty("query");
        expect(sameShape((rendered as { query: string }).query, plain)).toBe(true);
      }),
      { numRuns: process.env["SOAK"] ? 10_000 : 300 },
    );
  });
});

describe("R7: names and values twice", () => {
  const refused = (metrics: unknown[]): string | undefined =>
    parsePolicy({ metadata: { name: "p" }, spec: { steps: [{ setWeight: 30 }], analysis: { metrics } } }).error;

  test("R7: two metrics of one name in one list are refused", () => {
    expect(refused([aPolicyMetric(), refer([job], { name: "success-rate" })])).toContain("two metrics of one name");
    expect(refused([aPolicyMetric(), refer([job])])).toBeUndefined();
  });

  test("R7: two values for one argument are refused", () => {
    expect(refused([refer([job, { name: "job", value: "other" }])])).toContain("two values for one argument");
  });

  test("R7: the same name in the background and in a step are two metrics (Argo: two runs)", () => {
    const steps = [{ setWeight: 30 }, { analysis: { metrics: [aPolicyMetric()] } }];
    expect(parsePolicy({ metadata: { name: "p" }, spec: { steps, analysis: { metrics: [aPolicyMetric()] } } }).error).toBeUndefined();
  });
});

describe("R8: secrets (Argo: substituted, ***** in messages; Serin: refused by the schema, a query never carries one)", () => {
  test("R8: an argument takes no value from a Secret", () => {
    const fromSecret = { name: "token", valueFrom: { secretKeyRef: { name: "s", key: "k" } } };
    const error = parsePolicy({
      metadata: { name: "p" },
      spec: { steps: [{ setWeight: 30 }], analysis: { metrics: [{ name: "m", templateRef: { name: "rate", args: [fromSecret] } }] } },
    }).error;
    expect(error).toContain('unknown field "valueFrom"');
  });

  test("R8: an address carries no password", () => {
    const address = "http://user:secret@prometheus:9090";
    expect(metricSchema.safeParse({ ...aPolicyMetric(), provider: { prometheus: { query: "up", address } } }).success).toBe(false);
  });
});
