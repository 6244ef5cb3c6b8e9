import { basename } from "node:path";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import type { MetricTemplate } from "../../src/api/metricTemplate.ts";
import { parseMetricTemplate, parsePolicy, parseSidecarPolicy } from "../../src/api/parse.ts";
import { policyConditions } from "../../src/core/analysis/policyConditions.ts";
import { textOf, trackedFiles } from "./sources.ts";

const folder = "manifests/examples/";
const files = trackedFiles().filter((file) => file.startsWith(folder) && file.endsWith(".yaml"));
const objectsIn = (file: string) => parseAllDocuments(textOf(file)).map((document) => document.toJS() as { kind: string });

test.each(files)("%s: what it says can be used, and every step of its policies is judged", (file) => {
  const objects = objectsIn(file);
  const templates = new Map<string, MetricTemplate>();
  for (const object of objects.filter(({ kind }) => kind === "MetricTemplate")) {
    const { template, error } = parseMetricTemplate(object);
    expect(error).toBeUndefined();
    if (template) templates.set(template.metadata.name, template);
  }
  for (const object of objects.filter(({ kind }) => kind === "SidecarPolicy")) expect(parseSidecarPolicy(object).error).toBeUndefined();
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

test("each begins with a comment that says what it is for", () => {
  expect(files.filter((file) => !textOf(file).startsWith("# "))).toEqual([]);
});

test("the README's table has every file once, and no other", () => {
  const named = [...textOf(`${folder}README.md`).matchAll(/^\| `([\w-]+\.yaml)` \| \S/gm)].map(([, file]) => file ?? "");
  expect(named.sort()).toEqual(files.map((file) => basename(file)).sort());
});

test("each is played in the lab: by a story of examples.test.ts, or by a test that names the file", () => {
  const lab = trackedFiles()
    .filter((file) => file.startsWith("test/lab/") && file.endsWith(".ts"))
    .map(textOf);
  expect(
    files.filter((file) => !lab.some((text) => text.includes(`"${basename(file)}"`) || text.includes(`examples/${basename(file)}`))),
  ).toEqual([]);
});
