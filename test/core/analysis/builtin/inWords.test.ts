import { expect, test } from "vitest";
import type { Builtin } from "../../../../src/api/builtin.ts";
import { builtinInWords } from "../../../../src/core/analysis/builtin/inWords.ts";

test.each<[Builtin, string]>([
  [{ successRate: {} }, "successRate like stable"],
  [{ successRate: { min: 0.99 }, protocol: "TCP" }, "successRate ≥ 0.99 (TCP)"],
  [{ latency: { quantile: 0.99, max: "500ms" } }, "p99 ≤ 500ms"],
  [{ latency: { quantile: 0.95 } }, "p95 like stable"],
])("%j: %s", (builtin, words) => {
  expect(builtinInWords(builtin)).toBe(words);
});
