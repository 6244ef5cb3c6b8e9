import { z } from "zod";

/** What is looked at of any object's metadata. */
export const metadata = z.looseObject({ name: z.string() });

/** At most three problems in one sentence, each with the path that kubectl users know: `spec.steps[0].setWeight: …`. */
export function sentence(kind: string, object: unknown, error: z.ZodError): string {
  const name = z.object({ metadata }).safeParse(object).data?.metadata.name;
  const problems = error.issues.map(({ path, message }) => (path.length > 0 ? `${fieldPath(path)}: ${message}` : message));
  const more = problems.length > 3 ? `; and ${problems.length - 3} more` : "";
  return `${kind}${name === undefined ? "" : ` ${name}`} can't be used: ${problems.slice(0, 3).join("; ")}${more}`;
}

/** `spec.steps[0].setWeight`, as kubectl users know it. */
export const fieldPath = (path: readonly PropertyKey[]): string =>
  path.map((key, index) => (typeof key === "number" ? `[${key}]` : `${index > 0 ? "." : ""}${String(key)}`)).join("");

/** Our words where zod's would speak to a programmer. Undefined leaves the rest to zod. */
export const wording: z.core.$ZodErrorMap = (issue) => {
  if (issue.code === "unrecognized_keys") return `unknown field ${issue.keys.map((key) => `"${key}"`).join(", ")}`;
  if (issue.code === "invalid_type" && issue.input === undefined) return "is required";
  if (issue.code === "invalid_type") return `must be ${article(issue.expected)}`;
  if (issue.code === "too_small") return `must be at least ${issue.minimum}${unit(issue.origin)}`;
  if (issue.code === "too_big") return `must be at most ${issue.maximum}${unit(issue.origin)}`;
  if (issue.code === "invalid_value") return `must be ${issue.values.map((value) => String(value)).join(" or ")}`;
  return undefined;
};

const unit = (origin: string): string => (origin === "string" ? " characters long" : origin === "array" ? " items long" : "");

const article = (type: string): string => (/^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`);
