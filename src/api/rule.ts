import type { z } from "zod";

/**
 * One rule about a value, told twice: `cel` is what the API server checks when the object is written, `holds` is what Serin checks when
 * it reads it (and what offline tools check without a cluster). Both speak with the same `message`, which says what to write instead.
 */
export interface Rule<Value> {
  cel: string;
  holds: (value: Value) => boolean;
  message: string;
}

/** The schema with these rules, for both sides. `about` is further JSON schema metadata, such as the description. */
export function withRules<Schema extends z.ZodType>(
  schema: Schema,
  about: Record<string, unknown>,
  rules: ReadonlyArray<Rule<z.output<Schema>>>,
): Schema {
  const checked = rules.reduce<Schema>((sofar, { holds, message }) => sofar.refine((value) => holds(value), { error: message }), schema);
  return checked.meta({ ...about, "x-kubernetes-validations": rules.map(({ cel, message }) => ({ rule: cel, message })) });
}

/** A rule that a text matches a regular expression. Instead of a `pattern`, whose error would only show the expression to the user. */
export function matching(pattern: string, message: string): Rule<string> {
  const expression = new RegExp(pattern);
  return { cel: `self.matches(${celString(pattern)})`, holds: (text) => expression.test(text), message };
}

/** A CEL string literal. Raw, so that a regular expression keeps its backslashes. */
const celString = (text: string): string => (text.includes("\\") ? `r'${text}'` : `'${text}'`);
