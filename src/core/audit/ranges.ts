/** A set of numbers as text: `1-40,42`. Rising, and as short as it can be. */
export type Range = readonly [first: number, last: number];

/** @returns undefined for a text that is no such set */
export function parseRanges(text: string): Range[] | undefined {
  if (text === "") return [];
  const ranges: Range[] = [];
  let before = 0;
  for (const part of text.split(",")) {
    const [, first = "", last = first] = /^([1-9]\d*)(?:-([1-9]\d*))?$/.exec(part) ?? [];
    const range: Range = [Number(first), Number(last)];
    if (first === "" || range[0] <= before || range[1] < range[0] || !Number.isSafeInteger(range[1])) return undefined;
    ranges.push(range);
    before = range[1];
  }
  return ranges;
}

export const rangesText = (ranges: readonly Range[]): string =>
  ranges.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(",");

/** With these numbers, too. */
export const withNumbers = (ranges: readonly Range[], numbers: readonly number[]): Range[] =>
  joined([...ranges, ...numbers.map((number): Range => [number, number])]);

/** Ranges in any order, also overlapping ones, as few as can be. */
export function joined(ranges: readonly Range[]): Range[] {
  const all = [...ranges].sort(([a], [b]) => a - b);
  const few: Range[] = [];
  for (const [first, last] of all) {
    const before = few.at(-1);
    if (before && first <= before[1] + 1) few[few.length - 1] = [before[0], Math.max(before[1], last)];
    else few.push([first, last]);
  }
  return few;
}

export const countOf = (ranges: readonly Range[]): number => ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);

/** The range that has this number. */
export function rangeOf(ranges: readonly Range[], number: number): Range | undefined {
  let [from, to] = [0, ranges.length - 1];
  while (from <= to) {
    const middle = (from + to) >> 1;
    const range = ranges[middle] ?? [0, 0];
    if (number < range[0]) to = middle - 1;
    else if (number > range[1]) from = middle + 1;
    else return range;
  }
  return undefined;
}
