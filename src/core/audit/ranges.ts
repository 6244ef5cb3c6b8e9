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
export function withNumbers(ranges: readonly Range[], numbers: readonly number[]): Range[] {
  const all = [...ranges, ...numbers.map((number): Range => [number, number])].sort(([a], [b]) => a - b);
  const joined: Range[] = [];
  for (const [first, last] of all) {
    const before = joined.at(-1);
    if (before && first <= before[1] + 1) joined[joined.length - 1] = [before[0], Math.max(before[1], last)];
    else joined.push([first, last]);
  }
  return joined;
}

export const countOf = (ranges: readonly Range[]): number => ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
