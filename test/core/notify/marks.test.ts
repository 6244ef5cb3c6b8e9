import { expect, test } from "vitest";
import { formatMarks, markKey, mergeMarks, mostMarks, parseMarks } from "../../../src/core/notify/marks.ts";

test("marks are stored and read back; what is none is overlooked", () => {
  const marks = new Map([
    [markKey("uid-1", "releases"), { seq: 7, at: 1_000 }],
    [markKey("uid-1", "pager"), { seq: 3, at: 2_000 }],
  ]);
  expect(parseMarks(formatMarks(marks))).toEqual(marks);
  expect(parseMarks(`${formatMarks(marks)}\nnonsense\na x 1\n`)).toEqual(marks);
  expect(parseMarks(undefined)).toEqual(new Map());
});

test("of two workers' marks the later entry counts, and old ones are forgotten", () => {
  const ours = parseMarks("a 5 100\nb 2 300");
  const theirs = parseMarks("a 4 900\nb 3 400\nc 1 50");
  expect(formatMarks(mergeMarks(ours, theirs, 100))).toBe("a 5 100\nb 3 400");
});

test("there are never more than a ConfigMap takes: the oldest go", () => {
  const many = new Map(Array.from({ length: mostMarks + 10 }, (_, i) => [`${i}`, { seq: 1, at: i }]));
  const kept = mergeMarks(many, new Map(), 0);
  expect(kept.size).toBe(mostMarks);
  expect(kept.has("9")).toBe(false);
  expect(formatMarks(kept).length).toBeLessThan(500_000);
});
