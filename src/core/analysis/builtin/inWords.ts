import type { Builtin } from "../../../api/builtin.ts";

/** What a built-in asks of the canary, in a few words: `successRate ≥ 0.99`, `p99 ≤ 500ms`, `p50 like stable`. */
export function builtinInWords({ successRate, latency, protocol = "HTTP" }: Builtin): string {
  const what = successRate !== undefined ? "successRate" : `p${100 * (latency?.quantile ?? 0)}`;
  const bound = successRate?.min !== undefined ? `≥ ${successRate.min}` : latency?.max !== undefined ? `≤ ${latency.max}` : "like stable";
  return `${what} ${bound}${protocol === "HTTP" ? "" : ` (${protocol})`}`;
}
