import stringWidth from "string-width";
import { expect, test } from "vitest";
import { ascii, unicode } from "../../src/cli/get/icons.ts";
import { columnsOf } from "../../src/cli/width.ts";

const all = (value: unknown): string[] => (typeof value === "string" ? [value] : Object.values(value as object).flatMap(all));

test("what the screens are drawn with is as wide as string-width says", () => {
  const drawn = [...all(ascii), ...all(unicode), "█░▁▂▃▄▅▆▇≥≤→—·", "├──└│"].join("").replaceAll("\n", "");
  for (const character of drawn) expect([character, columnsOf(character)]).toEqual([character, stringWidth(character)]);
});

test.each([
  ["nginx", 5],
  ["日本", 4],
  ["e\u0301", 1],
  ["👩‍👩‍👧", 2],
  ["\u001b[31mred\u001b[39m", 3],
])("%s", (text, columns) => expect(columnsOf(text)).toBe(columns));
