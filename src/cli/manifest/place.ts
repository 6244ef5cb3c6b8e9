import { type Document, isCollection, isMap, isScalar, isSeq, type LineCounter, type Node, type Pair } from "yaml";

/** Where something stands in a file, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export type Path = ReadonlyArray<string | number>;

/**
 * Where a field stands: its value, or its name where the value is a list or a map; of a field that is not there, what should hold it.
 * With `at` the place of that character of its text (from 0), whichever way the text is written.
 */
export function placeOf(source: string, document: Document.Parsed, lines: LineCounter, path: Path, at?: number): Place {
  const { key, value } = find(document.contents, path);
  const start = isCollection(value) && key ? startOf(key) : (startOf(value) ?? startOf(key));
  const from = start ?? document.range[0];
  const offset = at !== undefined && isScalar(value) && typeof value.value === "string" ? inText(source, from, value.value, at) : from;
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

interface Found {
  key?: Node | undefined;
  value?: Node | undefined;
}

const startOf = (node: Node | undefined): number | undefined => node?.range?.[0];

/** As deep as the path goes. */
function find(root: Node | null, path: Path): Found {
  let found: Found = { value: root ?? undefined };
  for (const segment of path) {
    const next = stepInto(found.value, segment);
    if (next === undefined) return found;
    found = next;
  }
  return found;
}

function stepInto(node: Node | undefined, segment: string | number): Found | undefined {
  if (isSeq(node) && typeof segment === "number") {
    const item = node.items[segment] as Node | undefined;
    return item && { value: item };
  }
  if (!isMap(node)) return undefined;
  const pair = (node.items as Array<Pair<Node, Node | null>>).find(({ key }) => isScalar(key) && String(key.value) === String(segment));
  return pair && { key: pair.key, value: pair.value ?? undefined };
}

const escaped = /^\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)/s;

/**
 * The character of the file that the text's character `at` was written as. Both are walked side by side; indentation and folded lines are the
 * file's alone, and an escape is several characters there.
 */
function inText(source: string, from: number, text: string, at: number): number {
  let here = from;
  const quote = source[from] === '"' || source[from] === "'" ? source[from] : undefined;
  if (quote !== undefined) here += 1;
  else if (source[from] === "|" || source[from] === ">") here = source.indexOf("\n", from) + 1;
  for (let index = 0; index < Math.min(at, text.length); index += 1) {
    const character = text[index] ?? "";
    if (!isBlank(character)) here = skipBlanks(source, here, quote);
    if (quote === '"' && source[here] === "\\") here += escaped.exec(source.slice(here, here + 10))?.[0].length ?? 1;
    else if (quote === "'" && source.startsWith("''", here)) here += 2;
    else if (!isBlank(character) || isBlank(source[here] ?? "")) here += 1;
  }
  return at < text.length && !isBlank(text[at] ?? "") ? skipBlanks(source, here, quote) : here;
}

const isBlank = (character: string): boolean => character === " " || character === "\n" || character === "\t" || character === "\r";

/** Within double quotes an escaped end of line is nothing either. */
function skipBlanks(source: string, from: number, quote: string | undefined): number {
  const blank = quote === '"' ? /(?:[ \n\t\r]|\\\n)*/y : /[ \n\t\r]*/y;
  blank.lastIndex = from;
  return from + (blank.exec(source)?.[0].length ?? 0);
}
