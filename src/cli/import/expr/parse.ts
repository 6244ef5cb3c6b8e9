import { type Token, tokensOf, Untranslatable } from "./tokens.ts";

/** An expression of expr-lang, as far as conditions over numbers use it. */
export type Expr =
  | { readonly is: "literal"; readonly text: string }
  | { readonly is: "name"; readonly name: string }
  /** `#`, the element that a predicate looks at. */
  | { readonly is: "element" }
  | { readonly is: "list"; readonly items: readonly Expr[] }
  | { readonly is: "not" | "minus"; readonly of: Expr }
  | { readonly is: "binary"; readonly operator: string; readonly left: Expr; readonly right: Expr }
  | { readonly is: "choice"; readonly condition: Expr; readonly yes: Expr; readonly no: Expr }
  | { readonly is: "index"; readonly of: Expr; readonly index: Expr }
  | { readonly is: "call"; readonly name: string; readonly args: readonly Expr[] };

/** Binary operators by how tightly they bind, as in expr-lang. */
const binding: Record<string, number> = {
  "||": 10,
  or: 10,
  "&&": 15,
  and: 15,
  "==": 20,
  "!=": 20,
  "<": 20,
  ">": 20,
  "<=": 20,
  ">=": 20,
  in: 20,
  "not in": 20,
  "+": 30,
  "-": 30,
  "*": 60,
  "/": 60,
  "%": 60,
  "??": 500,
};

const refused: Record<string, string> = {
  "**": "powers have no counterpart in CEL: multiply in the query",
  "^": "powers have no counterpart in CEL: multiply in the query",
  "..": "a range has no counterpart in CEL: compare with both ends",
  "|": "pipes have no counterpart in CEL: write the call with its arguments in parentheses",
  matches: "there is no text in the values of a query to match",
  contains: "there is no text in the values of a query to look into",
  startsWith: "there is no text in the values of a query to look into",
  endsWith: "there is no text in the values of a query to look into",
};

/** @throws Untranslatable */
export function parseExpr(expression: string): Expr {
  const reader = new Reader(tokensOf(expression));
  const parsed = reader.choice();
  reader.expect("the end");
  return parsed;
}

class Reader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get #next(): Token {
    return this.#tokens[this.#at] ?? { kind: "end", text: "the end" };
  }

  #takes(text: string): boolean {
    if (this.#next.text !== text || this.#next.kind === "text") return false;
    this.#at += 1;
    return true;
  }

  expect(text: string): void {
    if (this.#next.kind === "end" && text === "the end") return;
    const reason = refused[this.#next.text];
    if (!this.#takes(text)) throw new Untranslatable(reason ?? `${this.#next.text} stands where ${text} is expected`);
  }

  choice(): Expr {
    const condition = this.#binary(0);
    if (!this.#takes("?")) return condition;
    const yes = this.choice();
    this.expect(":");
    return { is: "choice", condition, yes, no: this.choice() };
  }

  #binary(least: number): Expr {
    let left = this.#unary();
    for (;;) {
      const operator = this.#operator();
      const tightness = binding[operator];
      if (tightness === undefined || tightness < least) return left;
      this.#at += operator === "not in" ? 2 : 1;
      left = { is: "binary", operator, left, right: this.#binary(tightness + 1) };
    }
  }

  #operator(): string {
    const { kind, text } = this.#next;
    if (kind === "text" || kind === "number" || kind === "end") return "";
    if (text === "not" && this.#tokens[this.#at + 1]?.text === "in") return "not in";
    const reason = refused[text];
    if (reason !== undefined) throw new Untranslatable(reason);
    return Object.hasOwn(binding, text) ? text : "";
  }

  #unary(): Expr {
    // `not` binds as loosely as a comparison does, `!` and `-` tighter than anything.
    if (this.#takes("not")) return { is: "not", of: this.#binary(50) };
    if (this.#takes("!")) return { is: "not", of: this.#unary() };
    if (this.#takes("-")) return { is: "minus", of: this.#unary() };
    if (this.#takes("+")) return this.#unary();
    return this.#postfix(this.#primary());
  }

  #primary(): Expr {
    const { kind, text } = this.#next;
    if (this.#takes("(")) {
      const inside = this.choice();
      this.expect(")");
      return inside;
    }
    if (this.#takes("[")) return { is: "list", items: this.#until("]") };
    if (this.#takes("#")) return { is: "element" };
    this.#at += 1;
    if (kind === "number" || kind === "text") return { is: "literal", text };
    if (kind !== "name") throw new Untranslatable(`${text} stands where a value is expected`);
    if (text === "true" || text === "false") return { is: "literal", text };
    if (text === "nil" || text === "null")
      throw new Untranslatable("a query gives numbers and never nil: ask for size(result) == 0 or use default(…)");
    return this.#takes("(") ? { is: "call", name: text, args: this.#until(")") } : { is: "name", name: text };
  }

  #postfix(of: Expr): Expr {
    if (this.#takes("[")) {
      const index = this.choice();
      if (this.#next.text === ":") throw new Untranslatable("a part of a list has no counterpart in CEL: choose the series in the query");
      this.expect("]");
      return this.#postfix({ is: "index", of, index });
    }
    if (this.#next.text === "." || this.#next.text === "?.")
      throw new Untranslatable("the values of a query are numbers, which have no fields");
    return of;
  }

  /** Arguments or items; a predicate may stand in braces. */
  #until(closing: string): Expr[] {
    const items: Expr[] = [];
    while (!this.#takes(closing)) {
      if (items.length > 0) this.expect(",");
      const braced = this.#takes("{");
      items.push(this.choice());
      if (braced) this.expect("}");
    }
    return items;
  }
}
