import { columnsOf } from "./width.ts";

/** A piece of a line with its colour. Cutting and padding count what the eye sees, so colour comes last. */
export interface Span {
  text: string;
  paint?: (text: string) => string;
}

export const widthOf = (spans: readonly Span[]): number => spans.reduce((sum, { text }) => sum + columnsOf(text), 0);

/** At most so wide; what is cut off is replaced by the ellipsis. */
export function cut(spans: readonly Span[], width: number, ellipsis: string): Span[] {
  if (widthOf(spans) <= width) return [...spans];
  const kept: Span[] = [];
  let left = width - columnsOf(ellipsis);
  for (const span of spans) {
    const text = prefix(span.text, left);
    left -= columnsOf(text);
    if (text !== "") kept.push({ ...span, text });
    if (text !== span.text) break;
  }
  return width < columnsOf(ellipsis) ? [] : [...kept, { text: ellipsis }];
}

/** Exactly so wide: cut or filled with blanks. */
export function padded(spans: readonly Span[], width: number, ellipsis: string): Span[] {
  const short = cut(spans, width, ellipsis);
  return [...short, { text: " ".repeat(Math.max(0, width - widthOf(short))) }];
}

export const painted = (spans: readonly Span[]): string =>
  spans.map(({ text, paint }) => (paint && text.trim() !== "" ? paint(text) : text)).join("");

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

function prefix(text: string, width: number): string {
  let kept = "";
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    used += columnsOf(segment);
    if (used > width) break;
    kept += segment;
  }
  return kept;
}

/** Text of the cluster without what would steer the terminal: escape sequences in a message must not draw over the screen. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\p{Bidi_Control}]+/gu, " ");
