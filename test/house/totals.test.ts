import { expect, test } from "vitest";
import { addUp, failuresInWords, inWords } from "./totals.ts";

const report = (numPassedTests: number, numFailedTests: number) => ({ numPassedTests, numFailedTests });

test("the tests of all stages are summed, a stage without tests counts as one", () => {
  const outcomes = [
    { title: "check", ok: true, report: undefined },
    { title: "unit", ok: true, report: report(40, 0) },
    { title: "lab", ok: false, report: report(7, 2) },
  ];
  expect(inWords(addUp(outcomes))).toBe("48 passed, 2 failed");
});

test("a stage that fails without a failed test is a failure all the same", () => {
  expect(addUp([{ title: "unit", ok: false, report: report(40, 0) }])).toEqual({ passed: 40, failed: 1 });
  expect(addUp([{ title: "lab", ok: false, report: undefined }])).toEqual({ passed: 0, failed: 1 });
});

test("what failed stands at the end, each with the beginning of why, without colours and stack", () => {
  const failure = (fullName: string, message: string) => ({ status: "failed", fullName, failureMessages: [message] });
  const passed = { status: "passed", fullName: "is well", failureMessages: [] };
  const stack = "AssertionError: expected 1\n to be \u001b[31m2\u001b[39m\n    at a.ts:1:2\n    at b.ts:3:4";
  const outcomes = [
    { title: "unit", ok: true, report: { ...report(1, 0), testResults: [{ assertionResults: [passed] }] } },
    { title: "lab: a", ok: false, report: { ...report(1, 1), testResults: [{ assertionResults: [passed, failure("breaks", stack)] }] } },
    { title: "lab: b", ok: false, report: { ...report(0, 0), testResults: [{ message: "no such file", assertionResults: [] }] } },
    { title: "lab: c", ok: false, report: undefined },
    {
      title: "lab: d",
      ok: false,
      report: { ...report(0, 9), testResults: [{ assertionResults: Array(9).fill(failure("x".repeat(500), "y")) }] },
    },
  ];
  const said = failuresInWords(outcomes);
  expect(said.slice(0, 5)).toEqual([
    "failed: lab: a",
    "  breaks: AssertionError: expected 1 to be 2",
    "failed: lab: b",
    "  no such file",
    "failed: lab: c",
  ]);
  expect(said.slice(5)).toEqual(["failed: lab: d", `  ${"x".repeat(240)}…: y`, `  ${"x".repeat(240)}…: y`, "  … and 7 more"]);
  expect(failuresInWords(outcomes.slice(0, 1))).toEqual([]);
});
