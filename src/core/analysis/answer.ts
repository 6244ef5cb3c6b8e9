import type { Tallies } from "./builtin/tally.ts";

/** What was counted for a built-in since the look before. */
export interface CountsAnswer extends Tallies {
  readonly kind: "counts";
  /** Since when, ms since epoch: the time of the sample before. */
  readonly since: number;
  /** Where a slow request begins, in ms; of a latency only. */
  readonly boundMs?: number;
  /** Why nothing could be counted. */
  readonly missing?: string;
}

/** What a provider answered to one query: the seam between the analysis and whoever asks (src/prometheus). */
export type MetricAnswer =
  /** The value of each series, in order; empty when nothing matched. NaN and ±Infinity are possible. */
  | { readonly kind: "values"; readonly values: readonly number[] }
  /** What went wrong, why, and what to do; free of secrets. */
  | { readonly kind: "error"; readonly message: string };

/** Longest list that a message shows in full. */
const shown = 10;

/** `[0.512]`, `[NaN, +Inf]`: nine significant digits, ten values, then how many more there are. */
export function formatValues(values: readonly number[]): string {
  const texts = values.slice(0, shown).map(formatNumber);
  if (values.length > shown) texts.push(`… ${values.length - shown} more`);
  return `[${texts.join(", ")}]`;
}

function formatNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  if (value === Number.NEGATIVE_INFINITY) return "-Inf";
  return String(Number(value.toPrecision(9)));
}

/** Cuts a text to the length that the plan's schema allows. */
export const atMost = (text: string, length: number): string => (text.length <= length ? text : `${text.slice(0, length - 1)}…`);
