import type { SyntaxNode } from "@lezer/common";
import { formatDuration } from "../../api/duration.ts";
import { parsePromql, type Spot } from "./syntax.ts";

/*
 * What Prometheus would only say when it is asked, or never: a range where a function needs one, none where nothing takes one, and one that
 * is long enough to hold samples at all (a rate over less than two scrapes is empty, which is missing data for ever).
 */

/** Functions that compare samples: below two they give nothing. */
const ofTwoSamples = ["rate", "irate", "increase", "delta", "idelta", "deriv", "predict_linear", "changes", "resets"];
const ofRange = (name: string): boolean =>
  ofTwoSamples.includes(name) || name === "double_exponential_smoothing" || name.endsWith("_over_time");

/** A range that is missing or in the wrong place, in the order of the text. */
export function rangeErrors(query: string): Spot[] {
  const spots: Spot[] = [];
  parsePromql(query).iterate({
    enter: ({ node }) => {
      if (node.name === "FunctionCall") spots.push(...missingRange(query, node));
      else if (isRange(node) && !isTaken(query, node)) spots.push({ from: node.from, message: `${wording(query, node)}: ${onlyWithin}` });
    },
  });
  return spots;
}

const onlyWithin = "a range stands only where a function such as rate() takes it, a condition needs one value of each series";

function missingRange(query: string, call: SyntaxNode): Spot[] {
  const name = nameOf(query, call);
  if (!ofRange(name)) return [];
  const argument = argumentOf(query, call);
  // Without an argument, or with one that the grammar could not read, there is nothing to say about its range.
  if (argument === undefined || argument.type.isError || isRange(bare(argument))) return [];
  const written = query.slice(argument.from, argument.to);
  const plain = bare(argument).name === "VectorSelector";
  const instead = `${shorten(written)}${plain ? "[1m]" : "[5m:30s]"}`;
  return [{ from: argument.to, message: `${name}() needs a range of samples: write for example ${instead}` }];
}

/** A range that is too short to hold the samples that its function needs, when they come every `scrapeMs` milliseconds. */
export function shortRanges(query: string, scrapeMs: number): Spot[] {
  const spots: Spot[] = [];
  parsePromql(query).iterate({
    enter: ({ node }) => {
      if (node.name !== "MatrixSelector") return;
      const duration = node.getChild("DurationExpr");
      const milliseconds = duration === null ? undefined : promqlDuration(query.slice(duration.from, duration.to));
      const name = takerOf(query, node);
      if (duration === null || milliseconds === undefined || name === undefined) return;
      const scrapes = name.endsWith("_over_time") ? 1 : 2;
      if (milliseconds >= scrapes * scrapeMs) return;
      const least = `${scrapes === 1 ? "a scrape" : "two scrapes"} of ${formatDuration(scrapeMs)}`;
      const message = `[${query.slice(duration.from, duration.to)}] is shorter than ${least}, so ${name}() finds no data: write at least [${formatDuration(scrapes * scrapeMs)}]`;
      spots.push({ from: duration.from, message });
    },
  });
  return spots;
}

const nameOf = (query: string, call: SyntaxNode): string => {
  const identifier = call.getChild("FunctionIdentifier");
  return identifier === null ? "" : query.slice(identifier.from, identifier.to);
};

/** The argument that is to be a range: the first, of quantile_over_time the second. */
function argumentOf(query: string, call: SyntaxNode): SyntaxNode | undefined {
  const first = call.getChild("FunctionCallBody")?.firstChild ?? undefined;
  return nameOf(query, call) === "quantile_over_time" ? (first?.nextSibling ?? undefined) : first;
}

const isRange = (node: SyntaxNode): boolean => node.name === "MatrixSelector" || node.name === "SubqueryExpr";

/** Offsets, `@`, parentheses and the like around an expression leave it what it is. */
const wrappers = new Set(["ParenExpr", "OffsetExpr", "StepInvariantExpr", "AnchoredExpr", "SmoothedExpr"]);

function bare(node: SyntaxNode): SyntaxNode {
  return wrappers.has(node.name) && node.firstChild !== null ? bare(node.firstChild) : node;
}

function parentOf(node: SyntaxNode): SyntaxNode | undefined {
  const { parent } = node;
  return parent !== null && wrappers.has(parent.name) ? parentOf(parent) : (parent ?? undefined);
}

/** The function that takes this range. */
function takerOf(query: string, range: SyntaxNode): string | undefined {
  const body = parentOf(range);
  const call = body?.name === "FunctionCallBody" ? body.parent : null;
  if (call?.name !== "FunctionCall") return undefined;
  const name = nameOf(query, call);
  return ofRange(name) ? name : undefined;
}

const isTaken = (query: string, range: SyntaxNode): boolean => takerOf(query, range) !== undefined;

const shorten = (text: string): string => (text.length <= 60 ? text : `${text.slice(0, 59)}…`);

const wording = (query: string, node: SyntaxNode): string => {
  const duration = node.getChild("DurationExpr");
  return duration === null ? "this is a range" : `[${query.slice(duration.from, duration.to)}] makes a range of samples`;
};

const unitMs: Record<string, number> = { ms: 1, s: 1e3, m: 60e3, h: 3_600e3, d: 86_400e3, w: 604_800e3, y: 31_536_000e3 };

/** Milliseconds of a duration as PromQL writes it, or of a number of seconds; undefined for an expression. */
function promqlDuration(text: string): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  if (!/^(\d+(ms|[smhdwy]))+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+)(ms|[smhdwy])/g)].reduce((sum, [, count, unit = "s"]) => sum + Number(count) * (unitMs[unit] ?? 0), 0);
}
