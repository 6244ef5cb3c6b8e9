import { Environment } from "@marcbachmann/cel-js";

/*
 * CEL in which a missing number is neither true nor false.
 *
 * `result` is a list of `number`, a type of our own, for two reasons:
 *   - CEL has no `double == int` and no `double * int`; a condition like `result[0] * 100 > 5` shall just work.
 *   - Comparing NaN throws NoData instead of answering false. CEL lets `||` and `&&` absorb an error when the other side decides, so
 *     `isNaN(result[0]) || result[0] >= 0.95` is true, and `result[0] >= 0.95` alone is no-data, whatever the order of writing.
 */

/** One value of `result`. */
export class Sample {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** Thrown where a condition compares something that is not there. */
export class NoData extends Error {}

type Numeric = Sample | number | bigint;

const plain = (operand: Numeric): number => (operand instanceof Sample ? operand.value : Number(operand));

function known(operand: Numeric): number {
  const value = plain(operand);
  if (Number.isNaN(value)) throw new NoData("NaN");
  return value;
}

const comparisons: Record<string, (left: number, right: number) => boolean> = {
  "<": (left, right) => left < right,
  "<=": (left, right) => left <= right,
  ">": (left, right) => left > right,
  ">=": (left, right) => left >= right,
};

const arithmetic: Record<string, (left: number, right: number) => number> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => left / right,
};

function registerOperators(environment: Environment): void {
  const pairs = ["number|number", "number|double", "number|int", "double|number", "int|number"].map((pair) => pair.split("|"));
  for (const [left, right] of pairs) {
    for (const [operator, compare] of Object.entries(comparisons))
      environment.registerOperator(`${left} ${operator} ${right}`, (a: Numeric, b: Numeric) => compare(known(a), known(b)));
    for (const [operator, compute] of Object.entries(arithmetic))
      environment.registerOperator(
        `${left} ${operator} ${right}: number`,
        (a: Numeric, b: Numeric) => new Sample(compute(plain(a), plain(b))),
      );
  }
  // `==` brings `!=` and the mirrored pair along.
  for (const right of ["number", "double", "int"])
    environment.registerOperator(`number == ${right}`, (a: Numeric, b: Numeric) => known(a) === known(b));
  for (const left of ["number", "double", "int"])
    environment.registerOperator(`${left} in list<number>`, (a: Numeric, list: Sample[]) => isAmong(known(a), list));
  environment.registerOperator("-number: number", (a: Sample) => new Sample(-a.value));
}

function isAmong(value: number, list: readonly Sample[]): boolean {
  if (list.some((element) => element.value === value)) return true;
  if (list.some((element) => Number.isNaN(element.value))) throw new NoData("NaN");
  return false;
}

/** Argo's asInt: cuts a number's fraction off, and refuses a text that is no integer. */
function asInt(value: unknown): bigint {
  if (typeof value === "bigint") return value;
  if (typeof value === "string" && /^[+-]?\d{1,18}$/.test(value)) return BigInt(value);
  if (value instanceof Sample || typeof value === "number") {
    const whole = Math.trunc(known(value));
    if (Number.isSafeInteger(whole)) return BigInt(whole);
  }
  throw new Error(`asInt can't read ${describe(value)} as an integer`);
}

function asFloat(value: unknown): Sample {
  if (value instanceof Sample) return value;
  if (typeof value === "number" || typeof value === "bigint") return new Sample(Number(value));
  if (typeof value === "string" && value.trim() !== "" && !Number.isNaN(Number(value))) return new Sample(Number(value));
  throw new Error(`asFloat can't read ${describe(value)} as a number`);
}

const describe = (value: unknown): string =>
  value instanceof Sample ? String(value.value) : typeof value === "string" ? JSON.stringify(value) : `a ${typeof value}`;

interface Checker<Node> {
  check(node: Node, context: unknown): { name: string };
  getType(name: string): { name: string };
}
interface Runner<Node> {
  run(node: Node, context: unknown): unknown;
}

/** `default(value, fallback)`: the fallback where the value is NaN, an empty list, null or can't be read at all, as `result[0]` of `[]`. */
function expandDefault<Node>({ args }: { args: [Node, Node] }) {
  const [wanted, fallback] = args;
  let isNumber = false;
  return {
    async: false,
    typeCheck(checker: Checker<Node>, _macro: unknown, context: unknown) {
      const type = checker.check(wanted, context).name;
      isNumber = type === "number" && ["number", "int", "double"].includes(checker.check(fallback, context).name);
      return checker.getType(isNumber ? "number" : "dyn");
    },
    evaluate(runner: Runner<Node>, _macro: unknown, context: unknown) {
      const value = attempt(() => runner.run(wanted, context));
      if (!isMissing(value)) return value;
      const instead = runner.run(fallback, context);
      return isNumber && !(instead instanceof Sample) ? new Sample(Number(instead)) : instead;
    },
  };
}

function attempt(run: () => unknown): unknown {
  try {
    return run();
  } catch {
    return undefined;
  }
}

const isMissing = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  (value instanceof Sample && Number.isNaN(value.value)) ||
  (Array.isArray(value) && value.length === 0);

/** The environment in which conditions are read: `result` and nothing else. The limits keep a condition small enough to read. */
export function conditionEnvironment(): Environment {
  const environment = new Environment({ limits: { maxAstNodes: 500, maxDepth: 32, maxListElements: 100 } })
    .registerType("number", { ctor: Sample, fields: {} })
    .registerVariable("result", "list<number>");
  registerOperators(environment);
  return environment
    .registerFunction("isNaN(number): bool", (a: Sample) => Number.isNaN(a.value))
    .registerFunction("isInf(number): bool", (a: Sample) => Math.abs(known(a)) === Number.POSITIVE_INFINITY)
    .registerFunction("len(list): int", (list: unknown[]) => BigInt(list.length))
    .registerFunction("asInt(dyn): int", asInt)
    .registerFunction("asFloat(dyn): number", asFloat)
    .registerFunction("int(number): int", asInt)
    .registerFunction("double(number): number", (a: Sample) => a)
    .registerFunction("default(ast, ast): dyn", expandDefault);
}
