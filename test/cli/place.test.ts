import { expect, test } from "vitest";
import { readManifest } from "../../src/cli/manifest/read.ts";

/** Each text holds an X, which is to be found again in the file. */
const ways: Record<string, string> = {
  plain: "text: some words X here",
  "plain over lines": "text: some\n   words\n   X here",
  "in double quotes": 'text: "a \\"b\\" \\u00e9 \\x41\\\\X"',
  "in double quotes over lines": 'text: "a\n  b \\\n  c\n  X"',
  "in single quotes": "text: 'it''s ''X'''",
  literal: "text: |\n  first\n    deeper\n\n  X last\n",
  "literal, indented more": "text: |-\n      first\n      second X\n",
  folded: "text: >-\n  first\n  second\n\n  X third\n",
  "in a list": "list:\n- a\n- {text: X}",
};

test.each(Object.entries(ways))("a character of a text that is written %s", (_, source) => {
  const [one] = readManifest("f", source);
  const path = source.startsWith("list") ? ["list", 1, "text"] : ["text"];
  const text = path.reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], one?.object) as string;
  const lines = source.split("\n");
  const line = lines.findIndex((each) => each.includes("X"));
  expect(one?.place(path, text.indexOf("X"))).toEqual({ line: line + 1, column: (lines[line] ?? "").indexOf("X") + 1 });
});
