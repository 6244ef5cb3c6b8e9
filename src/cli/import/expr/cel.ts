import { compileCondition } from "../../../core/analysis/condition.ts";
import { type Expr, parseExpr } from "./parse.ts";
import { Untranslatable } from "./tokens.ts";

/**
 * A condition of Argo's (expr-lang over `result`) as CEL that Serin can carry out, or why there is none.
 *
 *   len(result) > 0 && result[0] >= 0.95   size(result) > 0 && result[0] >= 0.95
 *   all(result, # < 1000)                  result.all(v, v < 1000)
 *   2 not in result or isNaN(result[0])    !(2 in result) || isNaN(result[0])
 */
export function celOf(expression: string): { cel: string } | { error: string } {
  try {
    const cel = write(parseExpr(expression), 0, 0);
    const compiled = compileCondition(cel);
    return "error" in compiled ? { error: `${cel}: ${compiled.error}` } : { cel };
  } catch (error) {
    if (error instanceof Untranslatable) return { error: error.message };
    throw error;
  }
}

const operators: Record<string, { cel: string; binds: number }> = {
  "||": { cel: "||", binds: 2 },
  or: { cel: "||", binds: 2 },
  "&&": { cel: "&&", binds: 3 },
  and: { cel: "&&", binds: 3 },
  ...Object.fromEntries(["==", "!=", "<", ">", "<=", ">=", "in"].map((operator) => [operator, { cel: operator, binds: 4 }])),
  "+": { cel: "+", binds: 5 },
  "-": { cel: "-", binds: 5 },
  "*": { cel: "*", binds: 6 },
  "/": { cel: "/", binds: 6 },
  "%": { cel: "%", binds: 6 },
};

const tight = 7;

/** Predicates of expr-lang and the loops of CEL that they are. */
const loops: Record<string, (list: string, element: string, predicate: string) => string> = {
  all: (list, element, predicate) => `${list}.all(${element}, ${predicate})`,
  any: (list, element, predicate) => `${list}.exists(${element}, ${predicate})`,
  one: (list, element, predicate) => `${list}.exists_one(${element}, ${predicate})`,
  none: (list, element, predicate) => `!${list}.exists(${element}, ${predicate})`,
  filter: (list, element, predicate) => `${list}.filter(${element}, ${predicate})`,
  map: (list, element, predicate) => `${list}.map(${element}, ${predicate})`,
  count: (list, element, predicate) => `size(${list}.filter(${element}, ${predicate}))`,
};

/** Functions of one or two values that are the same, by their name in CEL. */
const functions: Record<string, string> = {
  len: "size",
  isNaN: "isNaN",
  isInf: "isInf",
  default: "default",
  asInt: "asInt",
  asFloat: "asFloat",
  int: "int",
  float: "double",
};

const advice: Record<string, string> = {
  isNil: "isNil has no counterpart: a query gives numbers and never nil; ask for size(result) == 0 or use default(…)",
  sum: "sum has no counterpart in CEL: write sum(…) in the query",
  mean: "mean has no counterpart in CEL: write avg(…) in the query",
  min: "min has no counterpart in CEL: write min(…) in the query",
  max: "max has no counterpart in CEL: write max(…) in the query",
  abs: "abs has no counterpart in CEL: write abs(…) in the query",
};

/** `least`: how tightly the place binds, so that only needed parentheses are written; `depth`: how many predicates are around it. */
function write(expr: Expr, least: number, depth: number): string {
  const within = (binds: number, text: string): string => (binds < least ? `(${text})` : text);
  const inside = (one: Expr, binds: number): string => write(one, binds, depth);
  switch (expr.is) {
    case "literal":
      return literal(expr.text);
    case "name":
      if (expr.name === "result") return "result";
      throw new Untranslatable(`${expr.name} is not known: only result is`);
    case "element":
      if (depth === 0) throw new Untranslatable("# stands outside of a predicate");
      return elementAt(depth);
    case "list":
      return `[${expr.items.map((item) => inside(item, 0)).join(", ")}]`;
    case "not":
      return within(tight, `!${inside(expr.of, tight)}`);
    case "minus":
      return within(tight, `-${inside(expr.of, tight)}`);
    case "choice":
      return within(1, `${inside(expr.condition, 2)} ? ${inside(expr.yes, 2)} : ${inside(expr.no, 1)}`);
    case "index":
      return `${inside(expr.of, tight + 1)}[${indexIn(expr.of, expr.index, depth)}]`;
    case "binary":
      return binary(expr, within, depth);
    case "call":
      return call(expr, within, depth);
  }
}

const elementAt = (depth: number): string => ["v", "w", "u"][depth - 1] ?? `v${depth}`;

/** CEL knows double and single quotes; a raw text of expr-lang becomes a quoted one. */
const literal = (text: string): string =>
  text.startsWith("`") ? JSON.stringify(text.slice(1, -1)) : text.replaceAll(/(?<=\d)_(?=\d)/g, "").replace(/^\./, "0.");

/** An index below 0 counts from the end. */
function indexIn(of: Expr, index: Expr, depth: number): string {
  if (index.is !== "minus") return write(index, 0, depth);
  return `size(${write(of, 0, depth)}) - ${write(index.of, tight, depth)}`;
}

function binary(
  { operator, left, right }: Extract<Expr, { is: "binary" }>,
  within: (binds: number, text: string) => string,
  depth: number,
): string {
  if (operator === "not in") return within(tight, `!(${binary({ is: "binary", operator: "in", left, right }, (_, text) => text, depth)})`);
  if (operator === "in" && right.is === "list" && right.items.length > 0) {
    // CEL's lists hold values of one type, and none of them is that of a value of `result`.
    const each = right.items.map((item) => `${write(left, 5, depth)} == ${write(item, 5, depth)}`);
    return within(each.length === 1 ? 4 : 2, each.join(" || "));
  }
  if (operator === "??") return `default(${write(left, 0, depth)}, ${write(right, 0, depth)})`;
  const { cel, binds } = operators[operator] ?? { cel: operator, binds: 0 };
  if (operator === "/") return within(binds, `${divided(left, binds, depth)} / ${divided(right, binds + 1, depth)}`);
  return within(binds, `${operand(left, binds, operator, depth)} ${cel} ${operand(right, binds + 1, operator, depth)}`);
}

/** expr-lang divides whole numbers as it does others: 3 of 4 is 0.75. CEL would make 0 of it, and most conditions on a share would hold. */
function divided(expr: Expr, least: number, depth: number): string {
  if (!isWhole(expr)) return operand(expr, least, "/", depth);
  const written = write(expr, 0, depth);
  return expr.is === "literal" ? `${written}.0` : `double(${written})`;
}

/** Whether CEL may take it for an int. */
function isWhole(expr: Expr): boolean {
  switch (expr.is) {
    case "literal":
      return !/[.eE]/.test(expr.text);
    case "minus":
      return isWhole(expr.of);
    case "choice":
      return isWhole(expr.yes) || isWhole(expr.no);
    case "binary":
      return expr.operator !== "/" && isWhole(expr.left) && isWhole(expr.right);
    case "call":
      return expr.name === "default" ? expr.args.every(isWhole) : ["len", "count", "int", "asInt"].includes(expr.name);
    default:
      return false;
  }
}

const ofNumbers = new Set(["<", ">", "<=", ">=", "+", "-", "*", "/", "%"]);

/** Argo gives a scalar query's answer as a number, Serin as a list of one. */
function operand(expr: Expr, least: number, operator: string, depth: number): string {
  const isList = expr.is === "name" && expr.name === "result";
  return isList && ofNumbers.has(operator) ? "result[0]" : write(expr, least, depth);
}

function call({ name, args }: Extract<Expr, { is: "call" }>, within: (binds: number, text: string) => string, depth: number): string {
  const [first, second] = args;
  const loop = Object.hasOwn(loops, name) ? loops[name] : undefined;
  if (loop !== undefined && first !== undefined && second !== undefined) {
    const list = write(first, tight + 1, depth);
    return within(name === "none" ? tight : tight + 1, loop(list, elementAt(depth + 1), write(second, 0, depth + 1)));
  }
  if ((name === "first" || name === "last") && first !== undefined) {
    const list = write(first, tight + 1, depth);
    return `${list}[${name === "first" ? "0" : `size(${list}) - 1`}]`;
  }
  const known = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (known === undefined) throw new Untranslatable(advice[name] ?? `${name}(…) has no counterpart in CEL`);
  return `${known}(${args.map((each) => write(each, 0, depth)).join(", ")})`;
}
