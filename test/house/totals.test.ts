import { expect, test } from "vitest";
import { addUp, inWords } from "./totals.ts";

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
