import { expect, test } from "vitest";
import type { JournalEntry } from "../../../src/api/plan.ts";
import { oneLine } from "../../../src/core/audit/escape.ts";
import { appended, entriesOf, firstUnlinked, headOf, journalLimit, journalRoot } from "../../../src/core/audit/journal.ts";
import { countOf, parseRanges, rangesText, withNumbers } from "../../../src/core/audit/ranges.ts";
import { aPlan } from "../../build/plan.ts";

const entry = (number: number): JournalEntry => ({
  at: new Date(number * 1_000).toISOString(),
  reason: "StepStarted",
  message: `number ${number}`,
});
const plan = aPlan();
const root = () => journalRoot(plan);

function journalOf(count: number): JournalEntry[] {
  let journal: JournalEntry[] = [];
  for (let number = 1; number <= count; number += 1) journal = appended(journal, entry(number), root);
  return journal;
}

test("each entry links to the one before, the first to what the plan is", () => {
  const journal = journalOf(5);
  expect(firstUnlinked(journal, root())).toBeUndefined();
  expect(firstUnlinked(journal, journalRoot(aPlan(({ spec }) => void Object.assign(spec.canary, { images: ["other:1"] }))))).toBe(0);
  expect(new Set(journal.map(({ hash }) => hash)).size).toBe(5);
  // What a person asks for later is no part of what the plan is.
  expect(journalRoot(aPlan(({ spec }) => void Object.assign(spec.control, { hold: {} })))).toBe(root());
});

test("a journal beyond its bound keeps its ends, says what is left out, and still links", () => {
  for (const count of [199, 200, 201, 202, 500]) {
    const journal = journalOf(count);
    expect(journal.length).toBe(Math.min(count, journalLimit));
    expect(entriesOf(journal)).toBe(count);
    expect(firstUnlinked(journal, root())).toBeUndefined();
    expect(headOf(journal, root)).toBe(journal.at(-1)?.hash);
    expect([journal[0]?.message, journal[19]?.message, journal.at(-1)?.message]).toEqual(["number 1", "number 20", `number ${count}`]);
  }
  const [left, next] = journalOf(500).slice(20);
  expect(left).toMatchObject({
    reason: "EntriesLeftOut",
    left: 301,
    message: `301 entries from ${entry(21).at} to ${entry(321).at} are left out here`,
  });
  expect(next?.message).toBe("number 322");
});

test("text of a user is one line, and whole characters", () => {
  expect(oneLine("a\u001b[31m\nb\u202ec", 100)).toBe("a\\u001b[31m\\u000ab\\u202ec");
  expect(oneLine("x".repeat(200), 10)).toBe(`${"x".repeat(9)}…`);
  expect(oneLine("12345678😀90", 10).isWellFormed()).toBe(true);
  expect(oneLine("\ud800!", 10)).toBe("\ufffd!");
});

test("numbers that are gone stay a short text", () => {
  const ranges = withNumbers(withNumbers([], [3, 1, 2]), [7, 5, 4]);
  expect(rangesText(ranges)).toBe("1-5,7");
  expect(parseRanges("1-5,7")).toEqual(ranges);
  expect(countOf(ranges)).toBe(6);
  expect(rangesText(withNumbers(ranges, [6, 6, 3]))).toBe("1-7");
  for (const wrong of ["0", "5-3", "3,2", "1-2-3", "a", "1,,2", "1-99999999999999999999"])
    expect(parseRanges(wrong), wrong).toBeUndefined();
});
