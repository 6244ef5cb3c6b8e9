import type { Metric } from "../../api/metric.ts";
import type { Verdict } from "../../api/metricStatus.ts";
import { atMost, formatValues, type MetricAnswer } from "./answer.ts";

export type { MetricAnswer } from "./answer.ts";

import { conditionEnvironment, NoData, Sample } from "./conditionLanguage.ts";
import { asksAboutEmptiness, unreadable, valuesRead } from "./conditionShape.ts";

/*
 * From an answer to a verdict, by the table E of research/peers.md §4a, with one deliberate difference (design §8): what is not there is
 * `no-data`, which never passes and never fails by itself.
 *
 *   result = []    no-data, unless the condition asks for it by size(result), result == [] or default(…): then as written
 *   NaN            no-data wherever the outcome hangs on comparing it; isNaN(…) and default(…) speak about it: then as written
 *   ±Inf           a value like any other
 *   result[1] of one value, 1/0, asInt("1.1")   an error: the condition can't be carried out
 *   two series, and only result[0] is read      an error instead of a pass: which of them is the first one is nobody's choice (row P2)
 */

/** What a condition says about one answer. */
export type Outcome =
  | { readonly is: boolean }
  | { readonly is: "no-data"; readonly because: string }
  | { readonly is: "error"; readonly because: string };

/** A condition that was read and type-checked. */
export interface Condition {
  readonly text: string;
  /** So many values it reads, from the first one on; undefined: it speaks of all. */
  readonly reads: number | undefined;
  test(values: readonly number[]): Outcome;
}

/** A condition that can't be used: why, with what to write instead, and at which of its characters, from 0. */
export interface Refused {
  readonly error: string;
  readonly at: number;
}

export interface Judgement {
  readonly verdict: Verdict;
  /** The numbers, at most 512 characters; absent when there was no answer. */
  readonly value?: string;
  /** The verdict in a sentence with its numbers, at most 1,024 characters. */
  readonly message: string;
}

const environment = conditionEnvironment();

/** A process meets as many conditions as its policies hold; the bound only stops a leak. */
const remembered = 500;
const compiled = new Map<string, Condition | Refused>();

/** Reads a condition once; the same text is answered from memory. The error says what to write instead. */
export function compileCondition(text: string): Condition | Refused {
  const before = compiled.get(text);
  if (before !== undefined) return before;
  const condition = compile(text);
  const oldest = compiled.keys().next().value;
  if (compiled.size >= remembered && oldest !== undefined) compiled.delete(oldest);
  compiled.set(text, condition);
  return condition;
}

function compile(text: string): Condition | Refused {
  try {
    const parsed = environment.parse(text);
    const shape = unreadable(parsed.ast);
    if (shape !== undefined) return refuse(text, shape);
    const checked = parsed.check();
    if (!checked.valid) return refuse(text, summaryOf(checked.error), placeOf(checked.error));
    if (checked.type !== "bool" && checked.type !== "dyn") return refuse(text, `it gives a ${checked.type}, neither true nor false`);
    const emptyIsMeant = asksAboutEmptiness(parsed.ast);
    return {
      text,
      reads: valuesRead(parsed.ast),
      test: (values) => outcome(values, emptyIsMeant, () => parsed({ result: values.map((value) => new Sample(value)) })),
    };
  } catch (error) {
    return refuse(text, summaryOf(error), placeOf(error));
  }
}

function outcome(values: readonly number[], emptyIsMeant: boolean, evaluate: () => unknown): Outcome {
  const empty = values.length === 0;
  try {
    const answer = evaluate();
    if (typeof answer !== "boolean") return { is: "error", because: "it gives neither true nor false" };
    // `result.all(…)` of nothing is true: nobody wrote that the absence of data is good.
    return empty && !emptyIsMeant ? { is: "no-data", because: "the query answered nothing" } : { is: answer };
  } catch (error) {
    if (error instanceof NoData) return { is: "no-data", because: "it hangs on a value that is not a number" };
    const code = codeOf(error);
    if (code === "no_such_overload")
      return { is: "error", because: `${summaryOf(error)}; result is a list: test one value, such as result[0]` };
    if (code !== "index_out_of_bounds") return { is: "error", because: summaryOf(error) };
    if (empty) return { is: "no-data", because: "the query answered nothing" };
    return { is: "error", because: `it reads beyond the ${values.length === 1 ? "one value" : `${values.length} values`} of result` };
  }
}

/** The verdict of one answer by the metric's conditions; the success condition is looked at first. */
export function judge(metric: Pick<Metric, "name" | "successCondition" | "failureCondition">, answer: MetricAnswer): Judgement {
  const say = (verdict: Verdict, sentence: string): Judgement => ({
    verdict,
    ...(answer.kind === "values" && { value: atMost(formatValues(answer.values), 512) }),
    message: atMost(`${metric.name}: ${sentence}`, 1024),
  });
  if (answer.kind === "error") return say("error", answer.message);
  const numbers = `with result = ${formatValues(answer.values)}`;
  const { successCondition: success, failureCondition: failure } = metric;
  const good = success === undefined ? undefined : tested(success, answer.values);
  const bad = failure === undefined ? undefined : tested(failure, answer.values);

  if (good === undefined && bad === undefined) return withoutCondition(answer.values, numbers, say);
  if (good?.is === "error") return say("error", `successCondition ${success} can't be evaluated ${numbers}: ${good.because}`);
  if (bad?.is === "error") return say("error", `failureCondition ${failure} can't be evaluated ${numbers}: ${bad.because}`);
  if (bad?.is === true) return say("fail", `failureCondition ${failure} is true ${numbers}`);
  if (good?.is === "no-data") return say("no-data", `no data for ${success} ${numbers}: ${good.because}`);
  if (bad?.is === "no-data") return say("no-data", `no data for failureCondition ${failure} ${numbers}: ${bad.because}`);
  const unread = good?.is === false ? undefined : valuesUnread([success, failure], answer.values);
  if (unread !== undefined) return say("error", `${unread} ${numbers}`);
  if (good === undefined) return say("pass", `failureCondition ${failure} is false ${numbers}`);
  if (good.is) return say("pass", `${success} is true ${numbers}`);
  if (bad === undefined) return say("fail", `${success} is false ${numbers}`);
  return say("inconclusive", `neither successCondition ${success} nor failureCondition ${failure} is true ${numbers}`);
}

function withoutCondition(values: readonly number[], numbers: string, say: (verdict: Verdict, sentence: string) => Judgement): Judgement {
  if (values.length === 0) return say("no-data", `no data ${numbers}: the query answered nothing`);
  if (values.some(Number.isNaN)) return say("no-data", `no data ${numbers}: not a number`);
  return say("pass", `passes ${numbers}: there is no condition, so any number does`);
}

/** Why these conditions together can't let the answer pass: there are series that none of them looks at. */
function valuesUnread(texts: ReadonlyArray<string | undefined>, { length }: readonly number[]): string | undefined {
  if (length < 2) return undefined;
  const written = texts.filter((text) => text !== undefined);
  const reads = written.map((text) => compileCondition(text)).map((condition) => ("error" in condition ? 0 : condition.reads));
  if (reads.includes(undefined) || reads.some((count) => (count ?? 0) >= length)) return undefined;
  const few = Math.max(...reads.map((count) => count ?? 0));
  return `${written.join(" and ")} reads ${few === 1 ? "one" : few} of the ${length} series that the query answered: sum them, or test all with result.all(x, …)`;
}

function tested(text: string, values: readonly number[]): Outcome {
  const condition = compileCondition(text);
  return "error" in condition ? { is: "error", because: condition.error } : condition.test(values);
}

/** What is wrong, and what a condition looks like; with a hint where it is written in Argo's expr language. */
function refuse(text: string, reason: string, at = 0): Refused {
  const hint = text.includes("#")
    ? "in CEL `all(result, # < 1000)` is `result.all(x, x < 1000)`"
    : /\b(and|or|not)\b/.test(text)
      ? "in CEL and, or, not are `&&`, `||`, `!`"
      : "only `result`, a list of numbers, is known: write for example `result[0] >= 0.95`";
  return { error: atMost(`${reason}; ${hint}`, 512), at };
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** Where cel-js found it. */
function placeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("range" in error)) return undefined;
  const { start } = (error.range ?? {}) as { start?: unknown };
  return typeof start === "number" ? start : undefined;
}

/** cel-js keeps the sentence in `summary`; its `message` also draws the source. */
function summaryOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown error";
  return "summary" in error && typeof error.summary === "string" ? error.summary : error.message;
}
