import { structuredPatch } from "diff";

/** Lines around a change that are shown, as diff -u has them. */
const context = 3;

/** A unified diff without its two head lines; empty when both are the same. */
export function unified(before: readonly string[], after: readonly string[]): string[] {
  const { hunks } = structuredPatch("", "", textOf(before), textOf(after), "", "", { context });
  return hunks.flatMap(({ oldStart, oldLines, newStart, newLines, lines }) => [
    `@@ -${rangeInWords(oldStart, oldLines)} +${rangeInWords(newStart, newLines)} @@`,
    ...lines,
  ]);
}

const textOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");

/** As diff -u: a count of 1 is left out, and nothing stands before its place. */
const rangeInWords = (start: number, count: number): string => (count === 1 ? `${start}` : `${count === 0 ? start - 1 : start},${count}`);
