import type { Prometheus, PrometheusAnswer } from "../../src/prometheus/client.ts";

/** A client that answers from a function; every query is remembered. */
export function answers(answer: (promql: string) => PrometheusAnswer): Prometheus & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    query: async (promql) => {
      asked.push(promql);
      return answer(promql);
    },
  };
}

export const values = (...numbers: number[]): PrometheusAnswer => ({
  kind: "values",
  values: numbers,
  series: numbers.map((value) => ({ labels: {}, value, at: 0 })),
  warnings: [],
});
