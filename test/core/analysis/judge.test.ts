import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judge } from "../../../src/core/analysis/condition.ts";

// Table E of research/peers.md §4a: Argo Rollouts' outcomes, and where Serin deliberately differs (design §8).

const ask = (conditions: { success?: string; failure?: string }, values: readonly number[]) =>
  judge(
    {
      name: "m",
      ...(conditions.success !== undefined && { successCondition: conditions.success }),
      ...(conditions.failure !== undefined && { failureCondition: conditions.failure }),
    },
    { kind: "values", values },
  );
const verdict = (conditions: { success?: string; failure?: string }, values: readonly number[]) => ask(conditions, values).verdict;

const atLeast95 = "result[0] >= 0.95";
const above5 = "result[0] > 0.05";

describe("from an answer to a verdict", () => {
  test("E1: without conditions any number passes (the schema asks for one; Argo: Successful)", () => {
    expect(verdict({}, [0.1])).toBe("pass");
    expect(verdict({}, [])).toBe("no-data");
    expect(verdict({}, [1, Number.NaN])).toBe("no-data");
  });

  test("E2: only a success condition: true passes, false fails", () => {
    expect(ask({ success: atLeast95 }, [0.99])).toEqual({
      verdict: "pass",
      value: "[0.99]",
      message: "m: result[0] >= 0.95 is true with result = [0.99]",
    });
    expect(ask({ success: atLeast95 }, [0.512])).toEqual({
      verdict: "fail",
      value: "[0.512]",
      message: "m: result[0] >= 0.95 is false with result = [0.512]",
    });
  });

  test("E3: only a failure condition: true fails, false passes", () => {
    expect(ask({ failure: above5 }, [0.2])).toMatchObject({
      verdict: "fail",
      message: "m: failureCondition result[0] > 0.05 is true with result = [0.2]",
    });
    expect(verdict({ failure: above5 }, [0.01])).toBe("pass");
  });

  test("E4: both conditions: a true failure condition fails, whatever the success condition says", () => {
    expect(verdict({ success: "result[0] > 0", failure: above5 }, [0.2])).toBe("fail");
    expect(verdict({ success: "result[0] < 0", failure: above5 }, [0.2])).toBe("fail");
  });

  test("E5: both false is inconclusive", () => {
    expect(ask({ success: atLeast95, failure: "result[0] < 0.9" }, [0.92])).toMatchObject({
      verdict: "inconclusive",
      message: "m: neither successCondition result[0] >= 0.95 nor failureCondition result[0] < 0.9 is true with result = [0.92]",
    });
  });

  test("E6: success true and failure false passes", () => {
    expect(verdict({ success: atLeast95, failure: "result[0] < 0.9" }, [0.97])).toBe("pass");
  });

  test.each([
    ["an unknown name", "resul[0] > 1", /Unknown variable: resul; only `result`, a list of numbers, is known: write for example/],
    ["no bool", "result[0]", /it gives a number, neither true nor false/],
    ["no bool, seen only when it runs", "dyn(result[0])", /it gives neither true nor false/],
    ["asInt of a text that is no integer", 'asInt("1.1") > 1', /asInt can't read "1.1" as an integer/],
    ["asFloat of a text that is no number", 'asFloat("many") > 1.0', /asFloat can't read "many" as a number/],
    ["a division by zero", "1 / 0 > 1", /division by zero/],
    ["a value that is not there", "result[1] > 1", /it reads beyond the one value of result/],
    ["a list where a number is wanted", "default(result, 0) < 0.05", /result is a list: test one value, such as result\[0\]/],
    ["no CEL at all", "result[0] >= ", /Unexpected token/],
    ["and instead of &&", "result[0] > 1 and result[0] < 3", /in CEL and, or, not are `&&`, `\|\|`, `!`/],
    ["a regular expression", '"aaa".matches("(a+)+$")', /regular expression/],
    ["three loops in each other", "result.all(x, result.all(y, result.all(z, x < y)))", /nests loops more than 2 deep/],
  ])("E7: %s is an error that says what to write", (_what, success, message) => {
    const judged = ask({ success }, [0.5]);
    expect(judged.verdict).toBe("error");
    expect(judged.message).toMatch(message);
  });

  test("E7: either condition in error is an error, the success condition is named first", () => {
    expect(ask({ success: "nope", failure: "neither" }, [1]).message).toContain("successCondition nope");
    expect(verdict({ success: "result[0] > 0", failure: "nope" }, [1])).toBe("error");
    expect(verdict({ success: "nope", failure: "result[0] > 0" }, [1])).toBe("error");
  });

  test("E8: NaN with a success condition is no-data (Argo: Failed)", () => {
    expect(ask({ success: atLeast95 }, [Number.NaN])).toEqual({
      verdict: "no-data",
      value: "[NaN]",
      message: "m: no data for result[0] >= 0.95 with result = [NaN]: it hangs on a value that is not a number",
    });
  });

  test("E9: NaN with only a failureCondition is no-data, not a pass (Argo: Successful)", () => {
    expect(verdict({ failure: above5 }, [Number.NaN])).toBe("no-data");
  });

  test("E10: NaN with both conditions is no-data (Argo: Inconclusive)", () => {
    expect(verdict({ success: atLeast95, failure: "result[0] < 0.95" }, [Number.NaN])).toBe("no-data");
  });

  test("E11: a condition that speaks of NaN decides about it, in either order of writing", () => {
    expect(verdict({ success: `isNaN(result[0]) || ${atLeast95}` }, [Number.NaN])).toBe("pass");
    expect(verdict({ success: `${atLeast95} || isNaN(result[0])` }, [Number.NaN])).toBe("pass");
    expect(verdict({ success: `!isNaN(result[0]) && ${atLeast95}` }, [Number.NaN])).toBe("fail");
    expect(verdict({ failure: "isNaN(result[0])" }, [Number.NaN])).toBe("fail");
    expect(verdict({ success: `isNaN(result[0]) || ${atLeast95}`, failure: "result[0] < 0.9" }, [Number.NaN])).toBe("no-data");
  });

  test("E12: infinity is a value", () => {
    expect(verdict({ success: atLeast95 }, [Number.POSITIVE_INFINITY])).toBe("pass");
    expect(verdict({ failure: "isInf(result[0])" }, [Number.POSITIVE_INFINITY])).toBe("fail");
    expect(ask({ success: atLeast95 }, [Number.NEGATIVE_INFINITY])).toMatchObject({ verdict: "fail", value: "[-Inf]" });
    expect(verdict({ success: "!isInf(result[0])" }, [Number.NaN])).toBe("no-data");
  });

  test("E13: an empty answer is no-data (Argo: Error)", () => {
    expect(ask({ success: atLeast95 }, [])).toEqual({
      verdict: "no-data",
      value: "[]",
      message: "m: no data for result[0] >= 0.95 with result = []: the query answered nothing",
    });
    expect(verdict({ failure: above5 }, [])).toBe("no-data");
  });

  test.each([
    ["result.all(x, x < 1000)"],
    ["!result.exists(x, x > 1000)"],
    ["size(result.filter(x, x > 1000)) == 0"],
    ["!(2 in result)"],
    ["true"],
  ])("E13: what is vacuously true of nothing is no-data: %s", (success) => {
    expect(verdict({ success }, [])).toBe("no-data");
  });

  test.each([
    ["size(result) == 0 || result[0] >= 0.95", "pass"],
    ["result.size() == 0 || result[0] >= 0.95", "pass"],
    ["len(result) == 0 || result[0] >= 0.95", "pass"],
    ["result[0] >= 0.95 || size(result) == 0", "pass"],
    ["size(result) > 0 && result[0] >= 0.95", "fail"],
    ["result == [] || result[0] >= 0.95", "pass"],
    ["result != [] && result[0] >= 0.95", "fail"],
  ])("E14: a condition that speaks of emptiness decides about it: %s → %s", (success, expected) => {
    expect(verdict({ success }, [])).toBe(expected);
  });

  test("E15: default() stands in for what is missing: NaN, an empty answer, nothing", () => {
    expect(verdict({ success: "default(result[0], 0) < 0.05" }, [Number.NaN])).toBe("pass");
    expect(verdict({ success: "default(result[0], 0) < 0.05" }, [])).toBe("pass");
    expect(verdict({ success: "default(result, 0) < 0.05" }, [])).toBe("pass");
    expect(verdict({ success: "default(result[0], 0) < 0.05" }, [0.2])).toBe("fail");
    expect(verdict({ success: "default(result[0], 1.0) + 1 < 2" }, [])).toBe("fail");
  });

  test("E16: list functions, in CEL", () => {
    expect(verdict({ success: "result.all(x, x < 1000)" }, [1, 2])).toBe("pass");
    expect(verdict({ success: "result.all(x, x < 1000)" }, [1, Number.NaN])).toBe("no-data");
    expect(verdict({ success: "result.all(x, x < 1000)" }, [2000, Number.NaN])).toBe("fail");
    expect(verdict({ success: "2 in result" }, [1, 2])).toBe("pass");
    expect(verdict({ success: "2 in result" }, [1, Number.NaN])).toBe("no-data");
    expect(ask({ success: "all(result, # < 1000)" }, [1]).message).toContain("in CEL `all(result, # < 1000)` is `result.all(x, x < 1000)`");
  });

  test("two series where a condition reads one never pass (row P2 of research/reliability.md; Argo: looks at the first)", () => {
    expect(ask({ success: atLeast95 }, [0.99, 0])).toEqual({
      verdict: "error",
      value: "[0.99, 0]",
      message:
        "m: result[0] >= 0.95 reads one of the 2 series that the query answered: sum them, or test all with result.all(x, …) with result = [0.99, 0]",
    });
    expect(verdict({ failure: above5 }, [0.01, 0.5])).toBe("error");
    expect(verdict({ success: `isNaN(result[0]) || ${atLeast95}` }, [0.99, 0.99])).toBe("error");
    // What fails by the first one fails.
    expect(verdict({ success: atLeast95 }, [0.5, 1])).toBe("fail");
    expect(verdict({ failure: above5 }, [0.5, 0.01])).toBe("fail");
    for (const whole of ["result[0] >= 0.95 && result[1] >= 0.95", "result.all(x, x >= 0.95)", "size(result) > 1 && result[0] >= 0.95"])
      expect(verdict({ success: whole }, [0.99, 0.99])).toBe("pass");
    expect(verdict({ success: atLeast95, failure: "result.exists(x, x < 0.9)" }, [0.99, 0.95])).toBe("pass");
  });

  test("an answer that is an error keeps its message", () => {
    expect(judge({ name: "m", successCondition: atLeast95 }, { kind: "error", message: "no answer within 5s" })).toEqual({
      verdict: "error",
      message: "m: no answer within 5s",
    });
  });

  test("numbers and whole numbers mix", () => {
    expect(verdict({ success: "result[0] > 1" }, [1.5])).toBe("pass");
    expect(verdict({ success: "result[0] == 1" }, [1])).toBe("pass");
    expect(verdict({ success: "result[0] * 100 >= 95 && 1 - result[0] < 1" }, [0.95])).toBe("pass");
    expect(verdict({ success: "result[0] / result[1] >= 0" }, [0, 0])).toBe("no-data");
  });

  test("a thousand values and a long condition fit the plan's fields", () => {
    const long = ask({ success: `${"result[0] > 0 && ".repeat(60)}true` }, Array<number>(1000).fill(1 / 3));
    expect(long.message.length).toBeLessThanOrEqual(1024);
    expect(long.value).toMatch(/… 990 more\]$/);
  });

  const conditions = [
    atLeast95,
    "result[0] < 0.5",
    "!(result[0] > 0.3)",
    "result[0] != 0",
    "result.exists(x, x > 0.5)",
    "result.all(x, x > 0.5)",
  ];
  test("law: what is not there never passes and never fails by itself", () => {
    const absent = fc.constantFrom<readonly number[]>([], [Number.NaN], [Number.NaN, Number.NaN]);
    fc.assert(
      fc.property(fc.constantFrom(...conditions), fc.option(fc.constantFrom(...conditions)), absent, (success, failure, values) => {
        expect(verdict({ success, ...(failure !== null && { failure }) }, values)).toBe("no-data");
      }),
    );
  });

  test("law: any text as a condition is judged, never thrown", () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.double(), { maxLength: 3 }), (success, values) => {
        expect(["pass", "fail", "no-data", "error"]).toContain(verdict({ success }, values));
      }),
    );
  });
});
