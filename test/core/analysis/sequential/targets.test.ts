import { expect, test } from "vitest";
import type { Fared } from "../../../bench/analysis/play.ts";
import { missed } from "../../../bench/analysis/targets.ts";

/* That `make bench-analysis` notices what it is for. */

const fared = (median: number, stopped = 1): Fared => ({ median, p95: median, stopped, failedRequests: 0 });
const at = { rps: 10, weight: 0.05 };

test("healthy plans stopped, more than the article's in bursts, late, and late at 50 %", () => {
  const never = Number.POSITIVE_INFINITY;
  const healthy = (stopped: number) => ({ Serin: fared(never, stopped), A: fared(never, 0.2), E: fared(never, 0) });
  expect(missed({ ...at, errors: 0.005 }, healthy(0.01))).toEqual([]);
  expect(missed({ ...at, errors: 0.005 }, healthy(0.011))).toHaveLength(1);
  expect(missed({ ...at, errors: 0.005, bursts: "one canary pod" }, healthy(0.2))).toEqual([]);
  expect(missed({ ...at, errors: 0.005, bursts: "one canary pod" }, healthy(0.21))).toHaveLength(1);
  const bad = (median: number, e: number) => ({ Serin: fared(median), A: fared(120), E: fared(e) });
  expect(missed({ ...at, errors: 0.1 }, bad(70, 65))).toEqual([]);
  expect(missed({ ...at, errors: 0.1 }, bad(75, 65))).toHaveLength(1);
  expect(missed({ ...at, errors: 0.5 }, bad(15, 15))).toEqual([]);
  expect(missed({ ...at, errors: 0.5 }, bad(20, 15))).toHaveLength(1);
  expect(missed({ ...at, rps: 100, errors: 0.5 }, bad(15, 10))).toHaveLength(1);
});
