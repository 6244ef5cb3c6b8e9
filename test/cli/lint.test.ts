import { describe, expect, test } from "vitest";
import { textOf, trackedFiles } from "../house/sources.ts";
import { serin } from "./terminal.ts";

const lint = (files: Record<string, string>, more = "") => serin(`lint -f ${Object.keys(files).join(" ")} ${more}`, [], { files });

const policy = (metric: string, steps = "- setWeight: 30\n  - pause: {}") => `apiVersion: serin.dev/v1alpha1
kind: CanaryPolicy
metadata:
  name: p
spec:
  steps:
  ${steps}
  analysis:
    metrics:
${metric.replaceAll(/^/gm, "      ")}
`;

test("the examples are clean", async () => {
  const names = trackedFiles().filter((file) => /^manifests\/examples\/.*\.yaml$/.test(file));
  const { out, err, code } = await lint(Object.fromEntries(names.map((name) => [name, textOf(name)])));
  expect({ out, err, code }).toEqual({
    out: expect.stringMatching(/^0 errors, 0 warnings; [1-9]\d objects looked at(, \d of other kinds passed over)?\n$/),
    err: "",
    code: 0,
  });
});

test("every kind of mistake, at its line and column", async () => {
  const metrics = policy(`- name: block
  interval: 10s
  successCondition: result[0] >= 0.95 and true
  provider:
    prometheus:
      query: |
        sum(rate(x{a="b"}[1m]))
          / sum(rate(x))
- name: folded
  failureCondition: "result[0] > 'a'"
  provider:
    prometheus:
      query: >-
        sum(rate(x[5s]))
        / foo(y)
- {name: quoted, successCondition: 'result[0] > 1', provider: {prometheus: {query: "rate(x{a=\\"b\\\\\\\\c\\"}[5s])"}}}
- name: args
  successCondition: result[0] > 1
  provider: {prometheus: {query: 'x{a="{{args.cluster}}"} / {{args.service}}'}}
- name: unclosed
  successCondition: result[0] > 1
  provider: {prometheus: {query: sum(x}}
- name: gone
  templateRef: {name: gone}`);
  const { out, code } = await lint({ "p.yaml": metrics });
  expect(out).toMatchInlineSnapshot(`
    "p.yaml:13:45: error: CanaryPolicy p: Unexpected character: 'd'; in CEL and, or, not are \`&&\`, \`||\`, \`!\`
    p.yaml:18:29: error: CanaryPolicy p: rate() needs a range of samples: write for example x[1m]
    p.yaml:20:28: error: CanaryPolicy p: no such overload: number > string; only \`result\`, a list of numbers, is known: write for example \`result[0] >= 0.95\`
    p.yaml:25:20: error: CanaryPolicy p: PromQL has no function foo
    p.yaml:26:112: error: CanaryPolicy p: [5s] is shorter than two scrapes of 15s, so rate() finds no data: write at least [30s]
    p.yaml:29:46: error: CanaryPolicy p: {{args.cluster}} is not known: use {{args.namespace}}, {{args.deployment}}, {{args.service}}, {{args.canary-hash}}, {{args.stable-hash}}
    p.yaml:29:67: error: CanaryPolicy p: {{args.service}} is a text, so it stands in quotes: write "{{args.service}}"
    p.yaml:32:45: error: CanaryPolicy p: the query ends before ), which closes the (, is there
    p.yaml:34:29: warning: CanaryPolicy p: MetricTemplate gone is in none of these files, so this metric was not looked at
    8 errors, 1 warning; 1 object looked at
    "
  `);
  expect(code).toBe(1);
});

test("what the API server would refuse, in its words", async () => {
  const file = policy("- name: a\n  builtin: {}\n  colour: red", "- setWeight: 130\n  - pause: {duration: 30}\n  - {}");
  const { out, code } = await lint({ "p.yaml": file });
  expect(out).toMatchInlineSnapshot(`
    "p.yaml:7:16: error: CanaryPolicy p: spec.steps[0].setWeight: must be at most 100
    p.yaml:9:5: error: CanaryPolicy p: spec.steps[2]: a step is exactly one of setWeight, pause or analysis: write each as a list item of its own, such as \`- setWeight: 30\` or \`- pause: {}\`
    p.yaml:13:9: error: CanaryPolicy p: spec.analysis.metrics[0].builtin: a built-in is exactly one of successRate and latency: write for example \`successRate: {}\`
    p.yaml:14:17: error: CanaryPolicy p: spec.analysis.metrics[0].colour: unknown field "colour"
    4 errors, 0 warnings; 1 object looked at
    "
  `);
  expect(code).toBe(1);
});

describe("templates", () => {
  const template = `apiVersion: serin.dev/v1alpha1
kind: MetricTemplate
metadata: {name: rate}
spec:
  args:
  - {name: min, type: Number, default: "0.95"}
  - {name: window, type: Duration, default: 5s}
  - {name: job}
  metric:
    interval: 10s
    successCondition: result[0] >= {{args.min}} && foo
    provider:
      prometheus:
        query: rate(x{job="{{args.job}}"}[{{args.window}}])
---
`;
  const using = (args: string) => policy(`- name: m\n  templateRef: {name: rate, args: [${args}]}`);

  test("are looked at by themselves, with harmless values and their defaults", async () => {
    const { out } = await lint({ "t.yaml": template });
    expect(out).toMatchInlineSnapshot(`
      "t.yaml:11:52: error: MetricTemplate rate: Unknown variable: foo; only \`result\`, a list of numbers, is known: write for example \`result[0] >= 0.95\`
      t.yaml:14:43: error: MetricTemplate rate: [5s] is shorter than two scrapes of 15s, so rate() finds no data: write at least [30s]
      2 errors, 0 warnings; 1 object looked at
      "
    `);
  });

  test("and with the arguments of each policy that is there too", async () => {
    const good = template.replace(" && foo", "").replace("default: 5s", "default: 1m");
    const { out } = await lint({
      "t.yaml": good,
      "good.yaml": using("{name: job, value: a}"),
      "short.yaml": using("{name: job, value: a}, {name: window, value: 10s}"),
      "missing.yaml": using("{name: min, value: '1'}"),
      "unknown.yaml": using("{name: job, value: a}, {name: jbo, value: a}"),
      "wrong.yaml": using("{name: job, value: a}, {name: min, value: much}"),
    });
    expect(out).toMatchInlineSnapshot(`
      "short.yaml:12:9: error: CanaryPolicy p: MetricTemplate rate with these arguments: [10s] is shorter than two scrapes of 15s, so rate() finds no data: write at least [30s]
      missing.yaml:12:9: error: CanaryPolicy p: MetricTemplate rate: args.job was not resolved: give it a value in templateRef.args
      unknown.yaml:12:9: error: CanaryPolicy p: MetricTemplate rate: it has no argument jbo
      wrong.yaml:12:9: error: CanaryPolicy p: MetricTemplate rate: args.min: "much" is no number
      4 errors, 0 warnings; 6 objects looked at
      "
    `);
  });
});

test("the scrape interval may be another", async () => {
  const file = policy("- name: m\n  successCondition: result[0] > 1\n  provider: {prometheus: {query: 'rate(x[10s])'}}");
  expect((await lint({ "p.yaml": file })).code).toBe(1);
  expect((await lint({ "p.yaml": file }, "--scrape-interval 5s")).code).toBe(0);
  expect((await lint({ "p.yaml": file }, "--scrape-interval often")).err).toContain("can't read --scrape-interval often");
});

test("a step that time alone ends is a warning, which leaves the exit code 0", async () => {
  const file =
    "apiVersion: serin.dev/v1alpha1\nkind: CanaryPolicy\nmetadata: {name: p}\nspec:\n  steps:\n  - setWeight: 30\n  - pause: {duration: 30s}\n";
  const { out, code } = await lint({ "-": file });
  expect(out).toMatchInlineSnapshot(`
    "-:7:5: warning: CanaryPolicy p: the canary has traffic here and no metric is in force, so time alone ends this step: add spec.analysis, or an earlier startingStep
    0 errors, 1 warning; 1 object looked at
    "
  `);
  expect(code).toBe(0);
});

test("several documents, other kinds, lists, and YAML that is none", async () => {
  const { out, code } = await lint({
    "all.yaml":
      "apiVersion: v1\nkind: Service\n---\n---\napiVersion: serin.dev/v1alpha1\nkind: CanaryPlan\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: serin.dev/v2, kind: CanaryPolicy}\n",
    "broken.yaml": "a: [1\nb: 2\n",
  });
  expect(out).toMatchInlineSnapshot(`
    "all.yaml:6:7: error: CanaryPlan: CanaryPlan is nothing to write: CanaryPolicy, MetricTemplate and SidecarPolicy are
    all.yaml:11:16: error: CanaryPolicy: write serin.dev/v1alpha1
    broken.yaml:2:1: error: YAML: Flow sequence in block collection must be sufficiently indented and end with a ]
    3 errors, 0 warnings; 2 objects looked at, 1 of other kinds passed over
    "
  `);
  expect(code).toBe(1);
});

test("-o json has the same for programs", async () => {
  const { out, code } = await lint(
    { "p.yaml": policy("- name: m\n  successCondition: nope\n  provider: {prometheus: {query: x}}") },
    "-o json",
  );
  expect(JSON.parse(out)).toMatchInlineSnapshot(`
    {
      "apiVersion": "serin.dev/v1alpha1",
      "findings": [
        {
          "column": 27,
          "file": "p.yaml",
          "level": "error",
          "line": 12,
          "message": "Unknown variable: nope; only \`result\`, a list of numbers, is known: write for example \`result[0] >= 0.95\`",
          "object": "CanaryPolicy p",
          "rule": "condition",
        },
      ],
      "kind": "LintReport",
    }
  `);
  expect(code).toBe(1);
});

test.each([
  ["lint", "required option '-f, --filename <file...>' not specified"],
  ["lint -f gone.yaml", "error: can't lint gone.yaml\n  why: ENOENT: no such file or directory, open 'gone.yaml'\n  try: name a YAML file"],
  ["lint -f gone.yaml -o xml", "error: can't print -o xml\n"],
])("%s is a mistake, exit code 1", async (line, says) => {
  const { err, code } = await serin(line, []);
  expect(err).toContain(says);
  expect(code).toBe(1);
});
