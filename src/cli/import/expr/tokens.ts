/** A piece of an expression in expr-lang, the language of Argo's conditions. */
export interface Token {
  readonly kind: "number" | "text" | "name" | "operator" | "end";
  readonly text: string;
}

/** Thrown for what has no counterpart in CEL; the message says what to write instead. */
export class Untranslatable extends Error {}

const shape =
  /\s*(?:(?<number>(?:\d[\d_]*)?\.?\d[\d_]*(?:[eE][+-]?\d+)?)|(?<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)|(?<name>[A-Za-z_$]\w*)|(?<operator>\*\*|\.\.|\?\?|\?\.|\|\||&&|==|!=|<=|>=|[-+*/%^<>!?:()[\]{},.#|]))/y;

/** The pieces, and `end` behind them. @throws Untranslatable */
export function tokensOf(expression: string): Token[] {
  const tokens: Token[] = [];
  const text = expression.trimEnd();
  shape.lastIndex = 0;
  while (shape.lastIndex < text.length) {
    const from = shape.lastIndex;
    const found = shape.exec(text)?.groups;
    if (found === undefined) throw new Untranslatable(`${text.slice(from).trim().slice(0, 20)} can't be read`);
    const [kind, piece = ""] = Object.entries(found).find(([, value]) => value !== undefined) ?? [];
    tokens.push({ kind: kind as Token["kind"], text: piece });
  }
  return [...tokens, { kind: "end", text: "the end" }];
}
