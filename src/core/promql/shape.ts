import { parsePromql } from "./syntax.ts";

/** Nodes whose text is a name: of a metric, a label or a grouping. What other leaves say (texts, numbers, durations) may differ. */
const names = new Set(["Identifier", "LabelName", "QuotedLabelName", "FunctionIdentifier"]);

/** What a query is made of: its tree, with the names of metrics and labels, without the texts, numbers and durations. */
function shapeOf(query: string): string {
  const parts: string[] = [];
  parsePromql(query).iterate({
    enter: ({ name, from, to }) => {
      parts.push(names.has(name) ? `${name}=${query.slice(from, to)}(` : `${name}(`);
    },
    leave: () => {
      parts.push(")");
    },
  });
  return parts.join("");
}

/** Whether two queries differ in nothing but texts, numbers and durations: same functions, same metrics, same matchers on the same labels. */
export const sameShape = (one: string, other: string): boolean => shapeOf(one) === shapeOf(other);
