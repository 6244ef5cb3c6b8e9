import { stripVTControlCharacters } from "node:util";

/** What one stage of `make test` came to. */
export interface Outcome {
  title: string;
  /** Whether its command ended with code 0. */
  ok: boolean;
  /** The report of vitest's JSON reporter; undefined for stages that are no tests, or when vitest died before it could write one. */
  report: Report | undefined;
}

/** What is read of the report of vitest's JSON reporter. */
export interface Report {
  numPassedTests: number;
  numFailedTests: number;
  testResults?: ReadonlyArray<{
    /** Why a whole file failed, empty otherwise. */
    message?: string;
    assertionResults: ReadonlyArray<{ status: string; fullName: string; failureMessages?: readonly string[] | null }>;
  }>;
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

const longest = 240;
const most = 8;

/** The failed stages, the tests that failed in them, and the beginning of what each said: for build servers that keep the end of the output only. */
export function failuresInWords(outcomes: readonly Outcome[]): string[] {
  const failed = outcomes.filter(({ ok }) => !ok);
  const each = Math.max(1, Math.floor(most / Math.max(1, failed.length)));
  return failed.flatMap(({ title, report }) => {
    const why = whyFailed(report);
    const more = why.length > each ? [`  … and ${why.length - each} more`] : [];
    return [`failed: ${title}`, ...why.slice(0, each), ...more];
  });
}

function whyFailed(report: Report | undefined): string[] {
  return (report?.testResults ?? []).flatMap(({ message, assertionResults }) => {
    const tests = assertionResults.filter(({ status }) => status === "failed");
    if (tests.length === 0) return message ? [`  ${short(withoutStack(message))}`] : [];
    return tests.map(
      ({ fullName, failureMessages }) => `  ${short(fullName)}: ${short((failureMessages ?? []).map(withoutStack).join(" "))}`,
    );
  });
}

const withoutStack = (message: string): string => stripVTControlCharacters(message).replace(/\n\s+at [^\n]*/g, "");

/** In one line. */
function short(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > longest ? `${line.slice(0, longest)}…` : line;
}
