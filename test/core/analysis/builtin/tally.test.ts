import { describe, expect, test } from "vitest";
import { sourceKey, sourceOf } from "../../../../src/core/analysis/builtin/source.ts";
import { tallyDurations, tallyOutcomes } from "../../../../src/core/analysis/builtin/tally.ts";

const one = (labels: Record<string, string>, value = 1) => [{ labels: { destination_canonical_revision: "c", ...labels }, value }];
const bad = (family: "requests" | "connections", labels: Record<string, string>) =>
  tallyOutcomes(family, one(labels), "c").canary.bad === 1;

describe("what is a bad request", () => {
  test.each([
    ["200", false],
    ["404", false],
    ["499", false],
    ["0", false],
    ["500", true],
    ["503", true],
  ])("HTTP %s: %s", (code, expected) => {
    expect(bad("requests", { request_protocol: "http", response_code: code })).toBe(expected);
  });

  test.each([
    ["0", false],
    ["1", false],
    ["2", true],
    ["3", false],
    ["4", true],
    ["5", false],
    ["7", false],
    ["8", false],
    ["12", true],
    ["13", true],
    ["14", true],
    ["15", true],
    ["16", false],
  ])("gRPC status %s in HTTP 200: %s", (status, expected) => {
    expect(bad("requests", { request_protocol: "grpc", response_code: "200", grpc_response_status: status })).toBe(expected);
  });

  test("a gRPC status counts for gRPC alone", () => {
    expect(bad("requests", { request_protocol: "http", response_code: "200", grpc_response_status: "14" })).toBe(false);
  });

  test.each([
    ["-", false],
    ["DC", false],
    ["UF", true],
    ["UF,URX", true],
    ["UH", true],
    ["SI", false],
  ])("a TCP connection with flags %s: %s", (flags, expected) => {
    expect(bad("connections", { response_flags: flags })).toBe(expected);
  });
});

test("stable is every series that is not the canary's, also one that names no revision", () => {
  const series = [...one({ response_code: "200" }, 5), ...one({ response_code: "500", destination_canonical_revision: "old" }, 7)];
  expect(tallyOutcomes("requests", [...series, { labels: { response_code: "200" }, value: 1 }], "c")).toEqual({
    canary: { requests: 5, bad: 0 },
    stable: { requests: 8, bad: 7 },
  });
});

test("of a histogram those beyond the bound are slow; buckets are cumulative", () => {
  const series = [...one({ le: "100" }, 60), ...one({ le: "500" }, 90), ...one({ le: "1000" }, 98), ...one({ le: "+Inf" }, 100)];
  expect(tallyDurations(series, 500, "c").canary).toEqual({ requests: 100, bad: 10 });
  expect(tallyDurations(series, 1_000, "c").canary).toEqual({ requests: 100, bad: 2 });
});

describe("which counters a built-in reads", () => {
  test("by what it measures, protocol, reporter and matchers", () => {
    expect(sourceOf({ successRate: {} })).toEqual({ family: "requests", reporter: "source", matchers: [] });
    expect(sourceOf({ successRate: {}, protocol: "TCP", reporter: "destination" })).toMatchObject({
      family: "connections",
      reporter: "destination",
    });
    expect(sourceOf({ latency: { quantile: 0.99 }, protocol: "GRPC" })).toMatchObject({
      family: "durations",
      matchers: [{ label: "request_protocol", value: "grpc" }],
    });
  });

  test("thresholds make no other source, matchers do, in whatever order they are written", () => {
    const a = { label: "a", value: "1" };
    const b = { label: "b", value: "2" };
    expect(sourceKey(sourceOf({ successRate: { min: 0.9 } }))).toBe(sourceKey(sourceOf({ successRate: {} })));
    expect(sourceKey(sourceOf({ successRate: {}, matchers: [a, b] }))).toBe(sourceKey(sourceOf({ successRate: {}, matchers: [b, a] })));
    expect(sourceKey(sourceOf({ successRate: {}, matchers: [a] }))).not.toBe(sourceKey(sourceOf({ successRate: {} })));
  });
});
