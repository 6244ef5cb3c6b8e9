import { describe, expect, test } from "vitest";
import { compileCondition } from "../../../src/core/analysis/condition.ts";

describe("compileCondition", () => {
  test("reads a text once", () => {
    expect(compileCondition("result[0] > 7")).toBe(compileCondition("result[0] > 7"));
  });

  test("forgets the oldest beyond 500, and still answers", () => {
    const first = compileCondition("result[0] > 0.5");
    for (let index = 0; index < 600; index += 1) compileCondition(`result[0] > ${index}.25`);
    expect(compileCondition("result[0] > 0.5")).not.toBe(first);
    expect(compileCondition("result[0] > 0.5")).toMatchObject({ text: "result[0] > 0.5" });
  });

  test("says what is wrong before anything is measured", () => {
    expect(compileCondition("results[0] > 1")).toEqual({
      error: "Unknown variable: results; only `result`, a list of numbers, is known: write for example `result[0] >= 0.95`",
      at: 0,
    });
  });

  test("sequential loops are fine, deeply nested ones are not", () => {
    expect(compileCondition("result.filter(x, x > 1).map(x, x * 2).all(x, x > 1)")).toHaveProperty("text");
    expect(compileCondition("result.all(x, result.all(y, result.all(z, x < z)))")).toHaveProperty("error");
  });
});
