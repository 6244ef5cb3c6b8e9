import type { SyntaxNode, SyntaxNodeRef, Tree } from "@lezer/common";
import { parser } from "@prometheus-io/lezer-promql";

/** Queries as syntax trees, by the grammar of Prometheus' own editor. It never throws: what it can't read becomes an error node. */

export const parsePromql = (query: string): Tree => parser.parse(query);

/** Something in a text that is not as it should be; `from` is a character of the text, from 0. */
export interface Spot {
  readonly from: number;
  readonly message: string;
}

/** The first place where the text is no PromQL. The following ones are mostly consequences of it. */
export function syntaxError(query: string): Spot | undefined {
  if (query.trim() === "") return { from: 0, message: "the query is empty" };
  let found: Spot | undefined;
  parsePromql(query).iterate({
    enter: (node) => {
      if (found === undefined && node.type.isError) found = { from: node.from, message: explain(query, node) };
    },
  });
  return found;
}

function explain(query: string, { from, to, node }: SyntaxNodeRef): string {
  const opened = unclosed(query.slice(0, from));
  if (from >= query.trimEnd().length) {
    if (opened !== undefined) return `the query ends before ${closing[opened]}, which closes the ${opened}, is there`;
    return "the query ends too early";
  }
  const token = /^(?:[\w:.]+|\S)/.exec(query.slice(from))?.[0] ?? query.slice(from, Math.max(to, from + 1));
  const call = /([a-zA-Z_]\w*)\s*$/.exec(query.slice(0, from))?.[1];
  if (token === "(" && call !== undefined) return `PromQL has no function ${call}`;
  if (node.parent?.name.endsWith("LabelMatcher")) return `the value of a label stands in quotes: write ="${token}" instead of =${token}`;
  if (token in opens && opened !== opens[token]) return `nothing was opened that ${token} closes`;
  return `${token} is not expected here`;
}

const closing: Record<string, string> = { "(": ")", "[": "]", "{": "}" };
const opens: Record<string, string> = { ")": "(", "]": "[", "}": "{" };

/** The innermost bracket that is still open, quoted text left out. */
function unclosed(text: string): string | undefined {
  const open: string[] = [];
  for (const [character] of text.matchAll(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|[([{)\]}]/gs)) {
    if (character in closing) open.push(character);
    else if (opens[character] === open.at(-1)) open.pop();
  }
  return open.at(-1);
}

/** Whether everything from `from` to `to` is the inside of one quoted text. */
export function isQuoted(tree: Tree, from: number, to: number): boolean {
  const node = enclosingText(tree, from);
  return node !== undefined && node.from < from && to < node.to;
}

/** Whether the quoted text there is what a label is matched against as a regular expression. */
export function isRegex(tree: Tree, at: number): boolean {
  const operator = enclosingText(tree, at)?.parent?.getChild("MatchOp")?.firstChild?.name;
  return operator === "EqlRegex" || operator === "NeqRegex";
}

function enclosingText(tree: Tree, at: number): SyntaxNode | undefined {
  const node = tree.resolveInner(at, 1);
  return node.name === "StringLiteral" ? node : undefined;
}
