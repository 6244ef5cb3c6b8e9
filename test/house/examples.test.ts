import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import type { MetricTemplate } from "../../src/api/metricTemplate.ts";
import { parseMetricTemplate, parsePolicy } from "../../src/api/parse.ts";
import { policyConditions } from "../../src/core/analysis/policyConditions.ts";
import { textOf, trackedFiles } from "./sources.ts";

const files = trackedFiles().filter((file) => file.startsWith("manifests/examples/"));

test.each(files)("%s: what it says can be used, and every step of its policies is judged", (file) => {
  const objects = parseAllDocuments(textOf(file)).map((document) => document.toJS() as { kind: string });
  const templates = new Map<string, MetricTemplate>();
  for (const object of objects.filter(({ kind }) => kind === "MetricTemplate")) {
    const { template, error } = parseMetricTemplate(object);
    expect(error).toBeUndefined();
    if (template) templates.set(template.metadata.name, template);
  }
  for (const object of objects.filter(({ kind }) => kind === "CanaryPolicy")) {
    const { policy, error } = parsePolicy(object);
    expect(error).toBeUndefined();
    const said = policy && policyConditions(policy, "2026-01-01T00:00:00Z", (name) => templates.get(name)).conditions?.slice(0, 2);
    expect(said).toMatchObject([
      { type: "Accepted", status: "True" },
      { type: "Unjudged", status: "False" },
    ]);
  }
});
