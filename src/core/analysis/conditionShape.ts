import type { ASTNode } from "@marcbachmann/cel-js";

/** What a condition is made of, read from its syntax tree before it is ever evaluated. */

const loops = new Set(["all", "exists", "exists_one", "map", "filter"]);

/** 1,000 series (the client's cap) looped over in a loop are a million steps, half a second; a third level would be minutes. */
const deepestLoop = 2;

/** Why this condition is refused although it is correct CEL, or undefined. */
export function unreadable(condition: ASTNode): string | undefined {
  if (some(condition, (node) => nameOf(node) === "matches")) return "a regular expression has nothing to match in numbers";
  if (loopDepth(condition) > deepestLoop) return `it nests loops more than ${deepestLoop} deep`;
  return undefined;
}

/** Whether the condition itself says what an empty `result` means: size(result), len(result), result == [], default(…). */
export function asksAboutEmptiness(condition: ASTNode): boolean {
  return some(condition, (node) => {
    const name = nameOf(node);
    if (name === "default") return true;
    const [left, right] = node.op === "==" || node.op === "!=" ? partsOf(node) : [];
    if (left && right && ((isResult(left) && isEmptyList(right)) || (isResult(right) && isEmptyList(left)))) return true;
    return (name === "size" || name === "len") && partsOf(node).some(isResult);
  });
}

/** How many values, from the first one on, a condition reads that only names single ones, as `result[0]` does; undefined: it speaks of the whole list. */
export function valuesRead(condition: ASTNode): number | undefined {
  if (isResult(condition)) return undefined;
  const [list, index] = condition.op === "[]" ? partsOf(condition) : [];
  if (list && index && isResult(list)) return index.op === "value" ? Number(index.args) + 1 : undefined;
  const parts = partsOf(condition).map(valuesRead);
  return parts.includes(undefined) ? undefined : Math.max(0, ...parts.map((part) => part ?? 0));
}

const isResult = (node: ASTNode): boolean => node.op === "id" && node.args === "result";
const isEmptyList = (node: ASTNode): boolean => node.op === "list" && Array.isArray(node.args) && node.args.length === 0;

/** The name of a called function or method. */
function nameOf(node: ASTNode): string | undefined {
  const name: unknown = (node.op === "call" || node.op === "rcall") && Array.isArray(node.args) ? node.args[0] : undefined;
  return typeof name === "string" ? name : undefined;
}

function isNode(part: unknown): part is ASTNode {
  return typeof part === "object" && part !== null && "op" in part && "args" in part;
}

/** The nodes right below: a node's arguments are nodes, names and (nested) lists of nodes. */
function partsOf(node: ASTNode): ASTNode[] {
  const args: unknown = node.args;
  const parts: unknown[] = Array.isArray(args) ? args.flat(2) : [args];
  return parts.filter(isNode);
}

function some(node: ASTNode, finds: (node: ASTNode) => boolean): boolean {
  return finds(node) || partsOf(node).some((part) => some(part, finds));
}

/** `result.map(…).filter(…)` is one loop after the other; `result.all(x, result.exists(y, …))` is one inside the other. */
function loopDepth(node: ASTNode): number {
  if (node.op !== "rcall" || !loops.has(nameOf(node) ?? "")) return Math.max(0, ...partsOf(node).map(loopDepth));
  const [over, ...inside] = partsOf(node);
  return Math.max(over === undefined ? 0 : loopDepth(over), 1 + Math.max(0, ...inside.map(loopDepth)));
}
