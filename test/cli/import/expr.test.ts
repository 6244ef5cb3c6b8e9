import { describe, expect, test } from "vitest";
import { celOf } from "../../../src/cli/import/expr/cel.ts";

describe("expr-lang becomes CEL", () => {
  test.each([
    ["result[0] >= 0.95", "result[0] >= 0.95"],
    ["E11 isNaN(result[0]) || result[0] >= .95", "isNaN(result[0]) || result[0] >= 0.95"],
    ["isInf(result[0])", "isInf(result[0])"],
    ["len(result) == 0 || result[0] >= 0.95", "size(result) == 0 || result[0] >= 0.95"],
    ["len(result) > 0 && result[0] >= 0.95", "size(result) > 0 && result[0] >= 0.95"],
    ["default(result[0], 0) < 0.05", "default(result[0], 0) < 0.05"],
    ["result[0] ?? 1 > 0.5", "default(result[0], 1) > 0.5"],
    ["all(result, # < 1000)", "result.all(v, v < 1000)"],
    ["all(result, {# < 1_000})", "result.all(v, v < 1000)"],
    ["any(result, {isNaN(#)}) or none(result, # > 5)", "result.exists(v, isNaN(v)) || !result.exists(v, v > 5)"],
    ["one(result, # > 5) and count(result, # > 5) < 2", "result.exists_one(v, v > 5) && size(result.filter(v, v > 5)) < 2"],
    ["all(filter(result, # > 0), # < 5)", "result.filter(v, v > 0).all(v, v < 5)"],
    ["all(result, any(result, # > 1))", "result.all(v, result.exists(w, w > 1))"],
    ["2 in result", "2 in result"],
    ["2 not in result", "!(2 in result)"],
    ["not (2 in result)", "!(2 in result)"],
    ["not isNaN(result[0]) and result[0] > 1", "!isNaN(result[0]) && result[0] > 1"],
    ["!(result[0] > 1 || result[0] < 0)", "!(result[0] > 1 || result[0] < 0)"],
    ["(result[0] + result[1]) * 2 > 3", "(result[0] + result[1]) * 2 > 3"],
    ["result[0] - (result[1] - 1) > -3", "result[0] - (result[1] - 1) > -3"],
    ["count(result, # > 1) / len(result) < 0.5", "double(size(result.filter(v, v > 1))) / double(size(result)) < 0.5"],
    ["100 * count(result, # > 1) / len(result) < 1 / 2", "double(100 * size(result.filter(v, v > 1))) / double(size(result)) < 1.0 / 2.0"],
    ["result[0] / 2 < 1.5 / 2", "result[0] / 2.0 < 1.5 / 2.0"],
    ["result[-1] > 1", "result[size(result) - 1] > 1"],
    ["last(result) > first(result)", "result[size(result) - 1] > result[0]"],
    ['asInt(result[0]) == 5 && asFloat("1.5") < result[0]', 'asInt(result[0]) == 5 && asFloat("1.5") < result[0]'],
    ["result[0] > 1 ? result[0] < 5 : true", "result[0] > 1 ? result[0] < 5 : true"],
    ["result >= 0.95", "result[0] >= 0.95"],
    ["result == []", "result == []"],
    ["float(result[0]) > 1", "double(result[0]) > 1"],
    ["result[0] in [1, 2.0] and result[0] not in [3]", "(result[0] == 1 || result[0] == 2.0) && !(result[0] == 3)"],
  ])("%s", (expression, cel) => {
    const from = expression.replace(/^E\d+ /, "");
    expect(celOf(from)).toEqual({ cel });
  });
});

describe("what has no counterpart says what to do instead", () => {
  test.each([
    ["result[0] ** 2 > 1", "powers have no counterpart in CEL: multiply in the query"],
    ["isNil(result)", "isNil has no counterpart: a query gives numbers and never nil; ask for size(result) == 0 or use default(…)"],
    ["result == nil", "a query gives numbers and never nil: ask for size(result) == 0 or use default(…)"],
    ["sum(result) > 1", "sum has no counterpart in CEL: write sum(…) in the query"],
    ["result[0] in 1..3", "a range has no counterpart in CEL: compare with both ends"],
    ["result[0:1] == []", "a part of a list has no counterpart in CEL: choose the series in the query"],
    ["result.ok == true", "the values of a query are numbers, which have no fields"],
    ["now() > 1", "now(…) has no counterpart in CEL"],
    ["foo > 1", "foo is not known: only result is"],
    ["result[0] >", "the end stands where a value is expected"],
    ["(result[0] > 1", "the end stands where ) is expected"],
    ["result[0] > 1 @", "@ can't be read"],
    ["# > 1", "# stands outside of a predicate"],
    ["result[0]", /^result\[0\]: it gives a number, neither true nor false/],
  ])("%s", (expression, why) => {
    expect(celOf(expression)).toEqual({ error: typeof why === "string" ? why : expect.stringMatching(why) });
  });
});
