import { expect, test } from "vitest";
import { parse } from "yaml";
import { parsePolicy } from "../../src/api/parse.ts";
import { planSpec } from "../../src/api/plan.ts";
import { textOf } from "./sources.ts";

const readme = textOf("README.md");

test("the policy of the README is a policy", () => {
  const [, yaml = ""] = /```yaml\n([\s\S]*?)```/.exec(readme) ?? [];
  expect(parsePolicy(parse(yaml))).toMatchObject({ policy: { metadata: { name: "everything" } } });
});

test("what the README patches into a plan is there to be patched", () => {
  const patches = [...readme.matchAll(/kubectl patch plan NAME --type merge -p '(\{.*?\})'`/g)].map(([, text = ""]) => JSON.parse(text));
  expect(patches).toHaveLength(3);
  for (const patch of patches)
    expect(planSpec.shape.control.safeParse((patch as { spec: { control: unknown } }).spec.control).success).toBe(true);
});

test("every file that the README names exists", () => {
  for (const [, file = ""] of readme.matchAll(/`((?:src|test|manifests)\/[\w./-]+)`/g))
    expect(() => textOf(file.endsWith("/") ? `${file}README.md` : file)).not.toThrow();
});
