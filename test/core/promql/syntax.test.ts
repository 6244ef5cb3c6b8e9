import { describe, expect, test } from "vitest";
import { rangeErrors, shortRanges } from "../../../src/core/promql/ranges.ts";
import { sameShape } from "../../../src/core/promql/shape.ts";
import { syntaxError } from "../../../src/core/promql/syntax.ts";

describe("syntaxError says the first mistake, and where", () => {
  test.each<[string, number, string]>([
    ["", 0, "the query is empty"],
    ["sum(rate(x[1m])", 15, "the query ends before ), which closes the (, is there"],
    ['x{a="b"', 7, "the query ends before }, which closes the {, is there"],
    ["x /", 3, "the query ends too early"],
    ["x{a=b}", 4, 'the value of a label stands in quotes: write ="b" instead of =b'],
    ["foo(x)", 3, "PromQL has no function foo"],
    ["sum(x)) / 2", 6, "nothing was opened that ) closes"],
    ["x y", 2, "y is not expected here"],
  ])("%j", (query, from, message) => {
    expect(syntaxError(query)).toEqual({ from, message });
  });

  test.each([
    'sum(rate(istio_requests_total{response_code!~"5.."}[1m])) / sum(rate(istio_requests_total[1m]))',
    "histogram_quantile(0.99, sum by (le) (rate(x_bucket[2m] offset 5m)))",
    "max_over_time(rate(x[1m])[30m:1m])",
    "rate(x[5m] smoothed) + rate((y[5m] @ end())) + min_over_time((a / b)[5m:])",
    'label_replace(up @ end(), "a", "$1", "b", "(.*)") or vector(0)',
    "x > bool on (a) group_left () y # a comment",
  ])("%s is PromQL", (query) => {
    expect(syntaxError(query)).toBeUndefined();
    expect(rangeErrors(query)).toEqual([]);
  });
});

describe("rangeErrors", () => {
  test.each<[string, number, string]>([
    ["rate(x)", 6, "rate() needs a range of samples: write for example x[1m]"],
    ["sum(increase((x)))", 16, "increase() needs a range of samples: write for example (x)[1m]"],
    ["max_over_time(sum(x))", 20, "max_over_time() needs a range of samples: write for example sum(x)[5m:30s]"],
    ["quantile_over_time(0.9, x)", 25, "quantile_over_time() needs a range of samples: write for example x[1m]"],
    [
      "x[5m]",
      0,
      "[5m] makes a range of samples: a range stands only where a function such as rate() takes it, a condition needs one value of each series",
    ],
    [
      "sum(x[5m]) / 2",
      4,
      "[5m] makes a range of samples: a range stands only where a function such as rate() takes it, a condition needs one value of each series",
    ],
  ])("%s", (query, from, message) => {
    expect(rangeErrors(query)).toEqual([{ from, message }]);
  });
});

describe("shortRanges, scraped every 15 s", () => {
  test.each<[string, string[]]>([
    ["rate(x[30s])", []],
    ["rate(x[29s])", ["[29s] is shorter than two scrapes of 15s, so rate() finds no data: write at least [30s]"]],
    ["rate(x[500ms] offset 5m)", ["[500ms] is shorter than two scrapes of 15s, so rate() finds no data: write at least [30s]"]],
    ["increase(x[10])", ["[10] is shorter than two scrapes of 15s, so increase() finds no data: write at least [30s]"]],
    ["max_over_time(x[15s])", []],
    ["max_over_time(x[14s])", ["[14s] is shorter than a scrape of 15s, so max_over_time() finds no data: write at least [15s]"]],
    ["rate(x[1m30s]) + rate(y[1s])", ["[1s] is shorter than two scrapes of 15s, so rate() finds no data: write at least [30s]"]],
  ])("%s", (query, messages) => {
    expect(shortRanges(query, 15_000).map(({ message }) => message)).toEqual(messages);
  });
});

describe("sameShape", () => {
  const query = 'sum(rate(x{a="b",c=~"d"}[1m])) > 0.5';
  test.each(['sum(rate(x{a="",c=~"e|f"}[30m])) > 7', query])("texts, numbers and durations may differ: %s", (other) => {
    expect(sameShape(query, other)).toBe(true);
  });
  test.each([
    'sum(rate(x{a="b"}[1m])) > 0.5',
    'sum(rate(x{a="b",c="d"}[1m])) > 0.5',
    'sum(rate(x{a="b",z=~"d"}[1m])) > 0.5',
    'sum(rate(y{a="b",c=~"d"}[1m])) > 0.5',
    'sum(irate(x{a="b",c=~"d"}[1m])) > 0.5',
    'sum(rate(x{a="b",c=~"d"}[1m])) > 0.5 or vector(1)',
  ])("anything else may not: %s", (other) => {
    expect(sameShape(query, other)).toBe(false);
  });
});
