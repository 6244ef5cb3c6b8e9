import type { Analysis } from "../../api/analysis.ts";

/** `dryRun` and `measurementRetention` of an analysis, whose entries name metrics by expression (rows R4 and R5). */

type Rules = Pick<Analysis, "dryRun" | "measurementRetention"> & { readonly metrics: ReadonlyArray<{ readonly name: string }> };

/** What the entries say of one metric. */
export interface NameRules {
  readonly dryRun: boolean;
  /** How many measurements are kept; undefined: the default. */
  readonly retention: number | undefined;
}

/** What the entries say of one metric; of several that find it the first one's limit counts. */
export function rulesFor(
  { dryRun = [], measurementRetention = [] }: Pick<Rules, "dryRun" | "measurementRetention">,
  name: string,
): NameRules {
  const limit = measurementRetention.find((rule) => finds(rule.metricName, name))?.limit ?? 0;
  return { dryRun: dryRun.some((rule) => finds(rule.metricName, name)), retention: limit === 0 ? undefined : limit };
}

/** The entries that find no metric, as sentences: most likely a typo, and then a metric judges that was not meant to (Argo: the run is an Error). */
export function rulesThatFindNothing({ metrics, dryRun = [], measurementRetention = [] }: Rules): string[] {
  const lost = (field: string, rules: ReadonlyArray<{ metricName: string }>): string[] =>
    rules
      .filter((rule) => !metrics.some(({ name }) => finds(rule.metricName, name)))
      .map((rule) => `${field} ${rule.metricName} finds no metric`);
  return [...lost("dryRun", dryRun), ...lost("measurementRetention", measurementRetention)];
}

/** Anywhere in the name, as Go's regexp.MatchString; an expression that can't be read finds nothing. */
function finds(expression: string, name: string): boolean {
  try {
    return new RegExp(expression).test(name);
  } catch {
    return false;
  }
}
