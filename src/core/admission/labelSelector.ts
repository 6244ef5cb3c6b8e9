import type { PolicySpec } from "../../api/policy.ts";

export type LabelSelector = PolicySpec["match"]["namespaceSelector"];

/** What keeps the labels from matching, in words; undefined when they match. */
export function selectorMismatch(selector: LabelSelector, labels: Record<string, string>): string | undefined {
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    if (!Object.hasOwn(labels, key)) return `label ${key} is missing`;
    if (labels[key] !== value) return `label ${key} is ${labels[key]}, not ${value}`;
  }
  for (const expression of selector.matchExpressions ?? []) {
    const mismatch = expressionMismatch(expression, labels);
    if (mismatch !== undefined) return mismatch;
  }
  return undefined;
}

type Expression = NonNullable<LabelSelector["matchExpressions"]>[number];

/** As in Kubernetes: NotIn also matches where the label is absent. */
function expressionMismatch({ key, operator, values = [] }: Expression, labels: Record<string, string>): string | undefined {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value)
        ? undefined
        : `label ${key} is ${value ?? "missing"}, not in ${values.join(", ")}`;
    case "NotIn":
      return value !== undefined && values.includes(value) ? `label ${key} is ${value}, which is excluded` : undefined;
    case "Exists":
      return value === undefined ? `label ${key} is missing` : undefined;
    case "DoesNotExist":
      return value === undefined ? undefined : `label ${key} is there`;
  }
}
