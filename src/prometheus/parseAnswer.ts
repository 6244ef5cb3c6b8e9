import { excerpt, type Failure, failure, tooLarge } from "./failure.ts";

/** From the text of a reply to numbers: Prometheus' HTTP API v1, instant queries. */

/** One series of an answer, at its latest sample. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Time of the value, ms since epoch: of the evaluation for a vector, of the sample for a matrix. */
  readonly at: number;
}

export interface Parsed {
  readonly series: readonly Series[];
  readonly warnings: readonly string[];
}

type Fields = Record<string, unknown>;

/** @param notBefore ms since epoch: a sample from before it says nothing about now, and an answer with one is none */
export function parseAnswer(body: string, maxSeries: number, notBefore = Number.NEGATIVE_INFINITY): Parsed | Failure {
  const reply = parseJson(body);
  if (!isFields(reply)) return failure(`Prometheus did not answer JSON as its API does: check the address (${excerpt(body.trim())})`);
  if (reply["status"] === "error") return failure(`Prometheus refused the query: ${textOf(reply["errorType"])}: ${textOf(reply["error"])}`);
  const data = reply["data"];
  if (reply["status"] !== "success" || !isFields(data)) return failure("Prometheus answered neither success nor error: check the address");
  const series = seriesOf(data["resultType"], data["result"], maxSeries);
  if (!Array.isArray(series)) return series;
  const oldest = Math.min(...series.map(({ at }) => at));
  if (oldest < notBefore)
    return failure(
      `Prometheus answered with a sample of ${new Date(Math.max(0, oldest)).toISOString()}: a cache in front of it or its clock is wrong, or the query asks for the past`,
    );
  return { series, warnings: warningsOf(reply["warnings"]) };
}

/** Whether this is the API's own account of an error, which says more than the HTTP status that came with it. */
export function isErrorReply(body: string): boolean {
  const reply = parseJson(body);
  return isFields(reply) && reply["status"] === "error" && typeof reply["error"] === "string";
}

function seriesOf(type: unknown, result: unknown, maxSeries: number): Series[] | Failure {
  if (type === "string") return failure("the query answers a text, not numbers: write one that answers a vector or a scalar");
  if (type === "scalar") return all([result], (sample) => sampleOf(sample, {}));
  if (type !== "vector" && type !== "matrix")
    return failure(`Prometheus answered a result of type ${textOf(type)}: write a query that answers a vector`);
  if (!Array.isArray(result)) return failure(`Prometheus answered a ${type} without a list of series`);
  if (result.length > maxSeries)
    return tooLarge(`the query answers ${result.length} series, more than ${maxSeries}: aggregate it, for example with sum()`);
  return all(result, type === "vector" ? oneOfVector : lastOfMatrix);
}

/** Every element read, or the first failure: a part of an answer is no answer. */
function all(elements: readonly unknown[], read: (element: unknown) => Series | Failure): Series[] | Failure {
  const series: Series[] = [];
  for (const element of elements) {
    const one = read(element);
    if ("kind" in one) return one;
    series.push(one);
  }
  return series;
}

function oneOfVector(element: unknown): Series | Failure {
  if (!isFields(element)) return noSample(element);
  return element["histogram"] === undefined ? sampleOf(element["value"], element["metric"]) : histogram();
}

function lastOfMatrix(element: unknown): Series | Failure {
  if (!isFields(element)) return noSample(element);
  if (element["histograms"] !== undefined) return histogram();
  const values = element["values"];
  return sampleOf(Array.isArray(values) ? values.at(-1) : undefined, element["metric"]);
}

const histogram = (): Failure =>
  failure("the query answers native histograms, not numbers: wrap it in histogram_quantile(), histogram_sum() or histogram_count()");
const noSample = (found: unknown): Failure => failure(`Prometheus answered ${textOf(found)} where a sample was expected`);

/** `[1767225600.123, "0.512"]` */
function sampleOf(sample: unknown, metric: unknown): Series | Failure {
  if (!Array.isArray(sample) || typeof sample[0] !== "number") return noSample(sample);
  const value = numberOf(sample[1]);
  return value === undefined ? noSample(sample[1]) : { labels: labelsOf(metric), value, at: Math.round(sample[0] * 1_000) };
}

const special: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  "+Inf": Number.POSITIVE_INFINITY,
  Inf: Number.POSITIVE_INFINITY,
  "-Inf": Number.NEGATIVE_INFINITY,
};

/** Prometheus spells numbers as texts. What only JavaScript takes for a number ("", " ", "0x10", null) is none. */
function numberOf(text: unknown): number | undefined {
  if (typeof text !== "string") return undefined;
  if (Object.hasOwn(special, text)) return special[text];
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined;
}

function labelsOf(metric: unknown): Record<string, string> {
  if (!isFields(metric)) return {};
  return Object.fromEntries(Object.entries(metric).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

const warningsOf = (warnings: unknown): string[] => (Array.isArray(warnings) ? warnings.slice(0, 10).map(textOf) : []);

const textOf = (value: unknown): string => excerpt(typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing"));

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
