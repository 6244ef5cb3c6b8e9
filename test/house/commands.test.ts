import { expect, test } from "vitest";
import { textOf, trackedFiles } from "./sources.ts";

const targets = [...textOf("Makefile").matchAll(/^([a-z][a-z0-9-]*):/gm)].map(([, name]) => name ?? "");
const scripts = Object.keys((JSON.parse(textOf("package.json")) as { scripts: Record<string, string> }).scripts);
const documents = trackedFiles().filter((file) => file.endsWith(".md"));

test("every make target says what it does", () => {
  const documented = [...textOf("Makefile").matchAll(/^([a-z][a-z0-9-]*):.*## \S/gm)].map(([, name]) => name);
  expect(documented).toEqual(targets);
});

test("every `make …` in a document is a target", () => {
  const named = documents.flatMap((file) => commandsIn(file, /(?:^|`|\$ )make ([a-z][a-z0-9-]*)/gm));
  expect(named.filter(({ name }) => !targets.includes(name))).toEqual([]);
});

test("every `npm run …` in a document or in the Makefile is a script", () => {
  const named = [...documents, "Makefile"].flatMap((file) => commandsIn(file, /npm run (?:--silent )?([a-z][a-z0-9:-]*)/gm));
  expect(named.filter(({ name }) => !scripts.includes(name))).toEqual([]);
});

function commandsIn(file: string, pattern: RegExp): Array<{ file: string; name: string }> {
  return [...textOf(file).matchAll(pattern)].map(([, name = ""]) => ({ file, name }));
}
