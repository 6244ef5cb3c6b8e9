import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { logLine, logSchemaText } from "../../src/api/logLine.ts";
import { manifestFiles } from "../../src/api/manifest.ts";
import { chartFiles } from "../../src/chart/chart.ts";
import { schemaText } from "../../src/cli/output/schemas.ts";
import { checkout, textOf, trackedFiles } from "./sources.ts";

test("manifests/crd is what src/api says: run `make generate` when this fails", () => {
  for (const [name, text] of manifestFiles()) expect(textOf(`manifests/crd/${name}`)).toBe(text);
});

test("src/cli/output/schema.json is what schemas.ts says: run `make generate` when this fails", () => {
  expect(textOf("src/cli/output/schema.json")).toBe(schemaText());
});

test("src/api/logLine.schema.json is what logLine.ts says: run `make generate` when this fails", () => {
  expect(textOf("src/api/logLine.schema.json")).toBe(logSchemaText());
});

test("the table of the log in manifests/README.md has every field, and no other", () => {
  const table = textOf("manifests/README.md").split("\n## Log\n")[1] ?? "";
  const named = [...table.matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell = ""]) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  expect(named.sort()).toEqual(Object.keys(logLine.shape).sort());
});

test("manifests/crd holds the generated files and a kustomization at most", () => {
  const generated = manifestFiles().map(([name]) => name);
  const others = readdirSync(join(checkout, "manifests/crd")).filter((name) => !generated.includes(name));
  expect(others.filter((name) => name !== "kustomization.yaml")).toEqual([]);
});

describe("manifests/helm", () => {
  const chart = chartFiles((file) => textOf(`manifests/${file}`));

  test("is what manifests and src/chart say: run `make generate` when this fails", () => {
    for (const [path, text] of chart) expect(textOf(`manifests/helm/${path}`), path).toBe(text);
  });

  test("holds the generated files, and few by hand", () => {
    const generated = new Set(chart.map(([path]) => `manifests/helm/${path}`));
    const others = trackedFiles().filter((file) => file.startsWith("manifests/helm/") && !generated.has(file));
    const byHand = [".helmignore", "templates/NOTES.txt", "templates/_serin.tpl"].map((file) => `manifests/helm/${file}`);
    expect(others.filter((file) => !file.startsWith("manifests/helm/ci/"))).toEqual(byHand);
  });
});
