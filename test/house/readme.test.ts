import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { parsePolicy, parseSidecarPolicy } from "../../src/api/parse.ts";
import { commands } from "../../src/cli/main.ts";
import { textOf } from "./sources.ts";

const readme = textOf("README.md");

const yamls = [...readme.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = ""]) => parse(text) as Record<string, unknown>);

test("the policies of the README are policies", () => {
  const policies = yamls.filter(({ kind }) => kind === "CanaryPolicy");
  expect(policies.map((policy) => parsePolicy(policy))).toMatchObject([{ policy: { metadata: { name: "everything" } } }]);
  const sidecars = yamls.filter(({ kind }) => kind === "SidecarPolicy");
  expect(sidecars.map((policy) => parseSidecarPolicy(policy))).toMatchObject([{ policy: { metadata: { name: "mesh" } } }]);
  const parts = yamls.filter(({ kind }) => kind === undefined);
  expect(parts).toHaveLength(2);
  const metadata = { name: "part" };
  for (const part of parts)
    expect(parsePolicy({ ...policies[0], metadata, spec: { ...(policies[0]?.["spec"] as object), ...part } }).error).toBeUndefined();
});

test("every command of kubectl serin that the README types is one", () => {
  const io = { out: () => undefined, err: () => undefined } as never;
  const typed = new Set([...readme.matchAll(/kubectl serin ((?:[a-z]+ ?)+)/g)].map(([, words = ""]) => words.trim().split(" ")[0] ?? ""));
  const known = new Set(commands(io, () => undefined).commands.map((command) => command.name()));
  expect([...typed].filter((word) => !known.has(word))).toEqual([]);
  expect(typed.size).toBeGreaterThan(5);
});

test("every file that the README names exists", () => {
  for (const [, file = ""] of readme.matchAll(/`((?:src|test|manifests)\/[\w./-]+)`/g))
    expect(existsSync(join(import.meta.dirname, "..", "..", file.endsWith("/") ? `${file}README.md` : file)), file).toBe(true);
});
