import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { manifestFiles } from "../../src/api/manifest.ts";
import { checkout, textOf } from "./sources.ts";

test("manifests/crd is what src/api says: run `make generate` when this fails", () => {
  for (const [name, text] of manifestFiles()) expect(textOf(`manifests/crd/${name}`)).toBe(text);
});

test("manifests/crd holds the generated files and a kustomization at most", () => {
  const generated = manifestFiles().map(([name]) => name);
  const others = readdirSync(join(checkout, "manifests/crd")).filter((name) => !generated.includes(name));
  expect(others.filter((name) => name !== "kustomization.yaml")).toEqual([]);
});
