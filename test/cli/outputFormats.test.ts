import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { aDeployment, withImage } from "../build/deployment.ts";
import { canaryImage, stableImage } from "../build/story.ts";
import { midway, published } from "./outputWorlds.ts";
import { serin, type TerminalOptions } from "./terminal.ts";

const policy = "apiVersion: serin.dev/v1alpha1\nkind: CanaryPolicy\nmetadata: {name: everything}\nspec: {steps: [{setWeight: 300}]}\n";
const options: TerminalOptions = { files: { empty: "", policy, "export.jsonl": "" } };

describe("a verb that has nothing to show", () => {
  const quiet = [aDeployment(withImage(stableImage))];
  const lines = [
    ["list", "{.items}", "[]"],
    ["list -A -l app=none", "{.items}", "[]"],
    ["history nginx", "{.plans}", "[]"],
    ["events nginx", "{.events}", "[]"],
    ["get nginx", "{.standing}", "NoPlan"],
    ["status nginx", "{.standing}", "NoPlan"],
    ["wait nginx", "{.standing}", "NoPlan"],
    ["diff nginx", "{.lines}", "[]"],
    ["sidecars", "{.pods}", "[]"],
    ["sidecars --missing", "{.policies}", "[]"],
    ["lint -f empty", "{.findings}", "[]"],
    ["audit", "{}", "[]"],
    ["audit verify", "{.counts.plans}", "0"],
    ["explain nginx", "{.changes[0].others}", "[]"],
  ] as const;
  test.each(lines)("%s: JSON and YAML that the schema knows, and jsonpath", async (line, path, value) => {
    const { out, err } = await serin(`${line} -o json`, [quiet], options);
    expect(err).toBe("");
    const object = JSON.parse(out) as unknown;
    expect(published.safeParse(object)).toMatchObject({ success: true });
    expect(parse((await serin(`${line} -o yaml`, [quiet], options)).out, { version: "1.1" })).toEqual(object);
    expect((await serin(`${line} -o jsonpath=${path}`, [quiet], options)).out).toBe(value);
  });

  test.each(["list", "history nginx", "sidecars", "lint -f empty"])("%s -o name prints nothing", async (line) => {
    expect((await serin(`${line} -o name`, [quiet], options)).out).toBe("");
  });
});

describe("lint", () => {
  test("-o wide has the rule behind each finding, -o name the objects with findings", async () => {
    const wide = await serin("lint -f policy -o wide", [], options);
    expect(wide).toMatchObject({ code: 1, out: expect.stringMatching(/^policy:4:\d+: error: CanaryPolicy everything: .* \[schema\]\n/) });
    expect(await serin("lint -f policy -o name", [], options)).toMatchObject({ code: 1, out: "canarypolicy.serin.dev/everything\n" });
  });
});

describe("what makes no sense is said so", () => {
  test.each([
    ["explain nginx -o wide", "this verb leaves nothing out that -o wide could add"],
    ["doctor -o wide", "this verb leaves nothing out that -o wide could add"],
    ["doctor -o name", "what this verb prints has no names that kubectl could take"],
    ["get nginx -o jsonpath", "jsonpath needs a template"],
    ["get nginx -o jsonpath=", "jsonpath needs a template"],
    ["get nginx -o JSON", "there is no such format"],
  ])("%s", async (line, why) => {
    expect(await serin(line, [midway])).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringContaining(`why: ${why}\n  try: there are: `),
    });
  });

  test("-o name of explain is the Deployment", async () => {
    expect((await serin("explain nginx -o name", [midway])).out).toBe("deployment.apps/nginx\n");
  });
});

test("YAML is read alike by those who read it as YAML 1.1: times and words are quoted", async () => {
  const { out } = await serin("get nginx -o yaml", [midway]);
  expect(out).toContain('startedAt: "2026-11-23T10:00:00.000Z"\n');
  expect(out).toContain(`- ${canaryImage}\n`);
});
