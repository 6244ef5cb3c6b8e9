import { describe, expect, test } from "vitest";
import { against, errorOf, says } from "./against.ts";
import { success, vector } from "./hostileServer.ts";

const sample = (seconds: number) => ({ metric: {}, value: [seconds, "1"] });

// Row P2 of research/reliability.md: an answer is numbers or a sentence, never a guess.

describe("P2: an answer that is not what was expected", () => {
  test.each([
    ["NaN", "NaN", Number.NaN],
    ["+Inf", "+Inf", Number.POSITIVE_INFINITY],
    ["-Inf", "-Inf", Number.NEGATIVE_INFINITY],
    ["-0", "-0", -0],
    ["an exponent", "1.5e-05", 0.000015],
  ])("%s is a value", async (_what, text, value) => {
    const { client } = await against(says(vector(text)));
    expect(await client.query("up")).toMatchObject({ kind: "values", values: [value], warnings: [] });
  });

  test("an empty vector is no error: nothing is there", async () => {
    const { client } = await against(says(vector()));
    expect(await client.query("up")).toMatchObject({ kind: "values", values: [] });
  });

  test("two series are two values with their labels", async () => {
    const { client } = await against(says(vector("1", "2")));
    expect(await client.query("up")).toMatchObject({
      values: [1, 2],
      series: [
        { labels: { series: "0" }, value: 1, at: 1_767_225_600_500 },
        { labels: { series: "1" }, value: 2 },
      ],
    });
  });

  test("a matrix gives the last value of each series", async () => {
    const { client } = await against(
      says(
        success({
          resultType: "matrix",
          result: [
            {
              metric: {},
              values: [
                [1_767_225_500, "1"],
                [1_767_225_600, "3"],
              ],
            },
            { metric: {}, values: [[1_767_225_600, "5"]] },
          ],
        }),
      ),
    );
    expect(await client.query("up")).toMatchObject({ values: [3, 5] });
  });

  test("a scalar is one value", async () => {
    const { client } = await against(says(success({ resultType: "scalar", result: [1_767_225_600, "0.5"] })));
    expect(await client.query("up")).toMatchObject({ values: [0.5] });
  });

  test.each([
    ["a vector from a cache", { resultType: "vector", result: [sample(1_767_225_300)] }],
    ["one old series among fresh ones", { resultType: "vector", result: [sample(1_767_225_600), sample(1_767_225_300)] }],
    ["a range whose last sample is old", { resultType: "matrix", result: [{ metric: {}, values: [[1_767_225_300, "1"]] }] }],
    ["a scalar of the past", { resultType: "scalar", result: [1_767_225_300, "1"] }],
  ])("a sample of more than five minutes ago is none: %s", async (_what, data) => {
    expect(await errorOf(says(success(data)))).toMatch(/with a sample of 2025-12-31T23:55:00\.000Z: a cache in front of it or its clock/);
  });

  test("warnings are kept", async () => {
    const body = success(
      { resultType: "vector", result: [{ metric: {}, value: [1_767_225_600, "1"] }] },
      { warnings: ["a store is down"] },
    );
    const { client } = await against(says(body));
    expect(await client.query("up")).toMatchObject({ values: [1], warnings: ["a store is down"] });
  });

  test.each([
    ["a string", success({ resultType: "string", result: [1, "hello"] }), /a text, not numbers/],
    ["an unknown type", success({ resultType: "streams", result: [] }), /a result of type streams/],
    ["null as result", success({ resultType: "vector", result: null }), /without a list of series/],
    ["null as data", success(null), /neither success nor error/],
    ["null", "null", /did not answer JSON as its API does/],
    ["null as sample", success({ resultType: "vector", result: [null] }), /answered null where a sample was expected/],
    ["null as value", vector(null), /answered null where a sample was expected/],
    ["a number that is no text", vector(0.5), /answered 0\.5 where a sample was expected/],
    ["an empty value", vector(""), /where a sample was expected/],
    ["a hexadecimal value", vector("0x10"), /answered 0x10 where/],
    ["one bad value among good ones", vector("1", "many", "2"), /answered many where/],
    [
      "a native histogram",
      success({ resultType: "vector", result: [{ metric: {}, histogram: [1, {}] }] }),
      /native histograms, not numbers/,
    ],
    ["native histograms", success({ resultType: "matrix", result: [{ metric: {}, histograms: [] }] }), /native histograms, not numbers/],
    ["a series without values", success({ resultType: "matrix", result: [{ metric: {}, values: [] }] }), /answered nothing where/],
    ["no JSON", "<html>login</html>", /check the address \(<html>login<\/html>\)/],
    ["nothing", "", /did not answer JSON/],
    ["an array", "[]", /did not answer JSON as its API does/],
    [
      "an error in HTTP 200",
      '{"status":"error","errorType":"timeout","error":"query timed out"}',
      /refused the query: timeout: query timed out/,
    ],
    ["more than 1,000 series", vector(...Array<string>(1_001).fill("1")), /1001 series, more than 1000: aggregate it/],
  ])("%s is an error that says so", async (_what, body, message) => {
    expect(await errorOf(says(body))).toMatch(message);
  });

  test.each([400, 422, 503])("an API error with HTTP %i keeps Prometheus' own words", async (status) => {
    const body = '{"status":"error","errorType":"bad_data","error":"1:4: parse error: unclosed"}';
    expect(await errorOf(says(body, status))).toBe("Prometheus refused the query: bad_data: 1:4: parse error: unclosed");
  });
});
