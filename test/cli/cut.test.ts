import fc from "fast-check";
import stringWidth from "string-width";
import { expect, test } from "vitest";
import { age } from "../../src/cli/age.ts";
import { cut, padded, printable, widthOf } from "../../src/cli/cut.ts";

const spans = fc.array(fc.record({ text: fc.string({ unit: "grapheme" }).map(printable) }), { maxLength: 4 });

test("whatever the text, a cut line is never wider than asked, and a padded one exactly so", () => {
  fc.assert(
    fc.property(spans, fc.integer({ min: 1, max: 40 }), (line, width) => {
      expect(widthOf(cut(line, width, "…"))).toBeLessThanOrEqual(width);
      expect(widthOf(padded(line, width, "…"))).toBe(width);
    }),
  );
});

test("wide characters count as what they take, and are not cut in half", () => {
  const text = (width: number) =>
    cut([{ text: "漢字かな" }], width, "…")
      .map((span) => span.text)
      .join("");
  expect([text(8), text(7), text(6), text(1)]).toEqual(["漢字かな", "漢字か…", "漢字…", "…"]);
  expect(stringWidth(text(6))).toBe(5);
});

test.each([
  [0, "0s"],
  [119_999, "119s"],
  [120_000, "2m"],
  [130_000, "2m10s"],
  [3_600_000, "60m"],
  [12_000_000, "3h20m"],
  [93_600_000, "26h"],
  [180_000_000, "2d2h"],
  [864_000_000, "10d"],
  [70_000_000_000, "2y"],
  [-5, "0s"],
])("an age of %i ms is %s, as kubectl says it", (milliseconds, says) => {
  expect(age(milliseconds)).toBe(says);
});
