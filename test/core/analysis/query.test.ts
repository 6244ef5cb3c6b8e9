import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { promqlString, renderQuery } from "../../../src/core/analysis/query.ts";
import { sameShape } from "../../../src/core/promql/shape.ts";

const args = { namespace: "shop", deployment: "web", service: "web-svc", canaryHash: "7d4b", stableHash: "5c9a" };

describe("renderQuery", () => {
  test("fills every placeholder, with or without spaces", () => {
    const template =
      'sum(x{ns="{{args.namespace}}", d="{{ args.deployment }}", s="{{args.service}}", c="{{  args.canary-hash}}", t="{{args.stable-hash}}"})';
    expect(renderQuery(template, args)).toEqual({ query: 'sum(x{ns="shop", d="web", s="web-svc", c="7d4b", t="5c9a"})' });
  });

  test("leaves the braces of PromQL alone", () => {
    expect(renderQuery('sum(rate(x{a="b"}[1m]))', args)).toEqual({ query: 'sum(rate(x{a="b"}[1m]))' });
  });

  test("an unknown placeholder names the known ones", () => {
    expect(renderQuery('x{a="{{args.service-name}}"}', args)).toEqual({
      error:
        "the query can't be asked: {{args.service-name}} is not known: use {{args.namespace}}, {{args.deployment}}, {{args.service}}, {{args.canary-hash}}, {{args.stable-hash}}",
    });
    expect(renderQuery("x{{constructor}}", args)).toHaveProperty("error");
    expect(renderQuery('x{a="{{args.namespace}"}', args)).toHaveProperty("error");
  });

  test("a Deployment without a Service has nothing to put there", () => {
    expect(renderQuery('x{s="{{args.service}}"}', { ...args, service: undefined })).toEqual({
      error: "the query can't be asked: {{args.service}} has no value: the Deployment has no Service",
    });
  });

  test.each([
    ["{{args.service}}_total", '{{args.service}} is a text, so it stands in quotes: write "{{args.service}}"'],
    ["sum by ({{args.namespace}}) (x)", '{{args.namespace}} is a text, so it stands in quotes: write "{{args.namespace}}"'],
  ])("a name that stands outside of quotes is refused: %s", (query, why) => {
    expect(renderQuery(query, args)).toEqual({ error: `the query can't be asked: ${why}` });
  });

  test("in a regular expression a dot of a name is a dot", () => {
    const named = { ...args, deployment: "web.v1" };
    expect(renderQuery('x{a=~"{{args.deployment}}-.*",b="{{args.deployment}}"}', named)).toEqual({
      query: 'x{a=~"web[.]v1-.*",b="web.v1"}',
    });
  });

  test("law: whatever the value, the query keeps its shape and its matchers", () => {
    const templates = [
      `sum(rate(x{a="{{args.namespace}}",b!="c"}[1m])) / 2`,
      `x{a='{{args.namespace}}'} or y{b=~\`{{args.namespace}}.*\`}`,
    ];
    fc.assert(
      fc.property(fc.constantFrom(...templates), fc.string({ unit: "binary", minLength: 1 }), (template, value) => {
        const rendered = renderQuery(template, { ...args, namespace: value });
        expect(rendered).toHaveProperty("query");
        const { query } = rendered as { query: string };
        expect(sameShape(query, template.replaceAll("{{args.namespace}}", "anything"))).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  test("law: a value never ends the string that it stands in", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("\\", '"', "'", "`", "\n", "\r", "{", "}", "a") }), (value) => {
        const inside = promqlString(value);
        expect(inside).not.toMatch(/["'`\n\r]/);
        expect(inside.replaceAll(/\\(\\|n|r|x[0-9a-f]{2})/g, "")).not.toContain("\\");
        const rendered = renderQuery('x{a="{{args.namespace}}"}', { ...args, namespace: value });
        expect(rendered).toEqual(value === "" ? { error: expect.any(String) } : { query: `x{a="${inside}"}` });
      }),
    );
  });
});
