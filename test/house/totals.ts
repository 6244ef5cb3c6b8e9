/** What one stage of `make test` came to. */
export interface Outcome {
  title: string;
  /** Whether its command ended with code 0. */
  ok: boolean;
  /** The report of vitest's JSON reporter; undefined for stages that are no tests, or when vitest died before it could write one. */
  report: { numPassedTests: number; numFailedTests: number } | undefined;
}

export interface Totals {
  passed: number;
  failed: number;
}

/**
 * Sums the stages. A stage without a report counts as one; one that failed although none of its tests did (a file that can't be imported,
 * an unhandled error) counts as one failure more, so that "0 failed" always means exit code 0.
 */
export function addUp(outcomes: readonly Outcome[]): Totals {
  return outcomes
    .map(count)
    .reduce((sum, one) => ({ passed: sum.passed + one.passed, failed: sum.failed + one.failed }), { passed: 0, failed: 0 });
}

function count({ ok, report }: Outcome): Totals {
  if (report === undefined) return ok ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  const unnoticed = !ok && report.numFailedTests === 0 ? 1 : 0;
  return { passed: report.numPassedTests, failed: report.numFailedTests + unnoticed };
}

export const inWords = ({ passed, failed }: Totals): string => `${passed} passed, ${failed} failed`;
