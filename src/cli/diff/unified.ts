/** Lines around a change that are shown, as diff -u has them. */
const around = 3;

type Edit = { is: " " | "-" | "+"; line: string };

/** A unified diff without its two head lines; empty when both are the same. Templates have some hundred lines, so a plain table will do. */
export function unified(before: readonly string[], after: readonly string[]): string[] {
  const edits = editsOf(before, after);
  const out: string[] = [];
  let [left, right] = [1, 1];
  for (let at = 0; at < edits.length; ) {
    const next = edits.findIndex(({ is }, index) => index >= at && is !== " ");
    if (next === -1) break;
    const from = Math.max(at, next - around);
    left += from - at;
    right += from - at;
    const to = endOfHunk(edits, next);
    const hunk = edits.slice(from, to);
    const [inLeft, inRight] = [hunk.filter(({ is }) => is !== "+").length, hunk.filter(({ is }) => is !== "-").length];
    out.push(`@@ -${rangeInWords(left, inLeft)} +${rangeInWords(right, inRight)} @@`, ...hunk.map(({ is, line }) => is + line));
    left += inLeft;
    right += inRight;
    at = to;
  }
  return out;
}

/** Changes with no more than twice the context between them are one hunk. */
function endOfHunk(edits: readonly Edit[], first: number): number {
  let last = first;
  for (let index = first; index < edits.length && index - last <= 2 * around + 1; index += 1) if (edits[index]?.is !== " ") last = index;
  return Math.min(edits.length, last + around + 1);
}

/** As diff -u: a count of 1 is left out, and nothing stands before its place. */
const rangeInWords = (start: number, count: number): string => (count === 1 ? `${start}` : `${count === 0 ? start - 1 : start},${count}`);

/** By the longest common subsequence; removed lines stand before added ones. */
function editsOf(before: readonly string[], after: readonly string[]): Edit[] {
  const width = after.length + 1;
  const longest = new Uint32Array((before.length + 1) * width);
  const at = (i: number, j: number): number => longest[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i -= 1)
    for (let j = after.length - 1; j >= 0; j -= 1)
      longest[i * width + j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const edits: Edit[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [old, made] = [before[i] ?? "", after[j] ?? ""];
    if (i < before.length && j < after.length && old === made) {
      edits.push({ is: " ", line: old });
      i += 1;
      j += 1;
    } else if (i < before.length && (j === after.length || at(i + 1, j) >= at(i, j + 1))) {
      edits.push({ is: "-", line: old });
      i += 1;
    } else {
      edits.push({ is: "+", line: made });
      j += 1;
    }
  }
  return edits;
}
