import { sameShape } from "../promql/shape.ts";
import { isQuoted, isRegex, parsePromql, type Spot } from "../promql/syntax.ts";

/*
 * A metric's query with its placeholders filled in. Who fills them in (a Deployment's name, a policy's argument) is not who wrote the query, so
 * a value may never become more than a value: it stands inside quotes, escaped, and what is asked has the shape and the matchers of what was written.
 */

/** What the placeholders stand for. */
export interface QueryArgs {
  namespace: string;
  deployment: string;
  /** The first Service of the Deployment; absent when it has none. */
  service?: string | undefined;
  /** The value of destination_canonical_revision in the metrics of each revision. */
  canaryHash: string;
  stableHash: string;
}

const placeholders: Record<string, (args: QueryArgs) => string | undefined> = {
  "args.namespace": (args) => args.namespace,
  "args.deployment": (args) => args.deployment,
  "args.service": (args) => args.service,
  "args.canary-hash": (args) => args.canaryHash,
  "args.stable-hash": (args) => args.stableHash,
};

/** Whether a value could pass for a placeholder once it is filled in. */
export const looksLikePlaceholder = (value: string): boolean => value.includes("{{");

/** `{{args.namespace}}, …`, for messages and documentation. */
export const knownPlaceholders: string = Object.keys(placeholders)
  .map((name) => `{{${name}}}`)
  .join(", ");

type Rendered = { readonly query: string } | { readonly error: string };

/** A metric asks the same again and again, and reading a query twice takes half a millisecond; the bound only stops a leak. */
const remembered = 1_000;
const rendered = new Map<string, Rendered>();

/** Fills the placeholders of a PromQL template. The error names what is unknown, has no value or would change the query's shape. */
export function renderQuery(template: string, args: QueryArgs): Rendered {
  const key = JSON.stringify([template, ...Object.values(placeholders).map((read) => read(args))]);
  const before = rendered.get(key);
  if (before !== undefined) return before;
  const fresh = render(template, args);
  const oldest = rendered.keys().next().value;
  if (rendered.size >= remembered && oldest !== undefined) rendered.delete(oldest);
  rendered.set(key, fresh);
  return fresh;
}

function render(template: string, args: QueryArgs): Rendered {
  const wrong = placeholderErrors(template)[0]?.message ?? valueError(template, args);
  if (wrong !== undefined) return { error: `the query can't be asked: ${wrong}` };
  const plain = neutral(template);
  const tree = parsePromql(plain);
  const query = template.replaceAll(placeholder, (_, name: string, at: number) => {
    const value = promqlString(placeholders[name]?.(args) ?? "");
    // A name may hold dots, which a regular expression would take for any character.
    return isRegex(tree, at) ? value.replaceAll(".", "[.]") : value;
  });
  return sameShape(plain, query) ? { query } : { error: "the query can't be asked: a filled-in value would change its shape" };
}

const placeholder = /\{\{\s*(.*?)\s*\}\}/gs;

function valueError(template: string, args: QueryArgs): string | undefined {
  const without = [...template.matchAll(placeholder)].find(([, name = ""]) => !placeholders[name]?.(args));
  return without && `${without[0]} has no value: the Deployment has no Service`;
}

/** Types of the arguments that a MetricTemplate declares, by name; `-Number` is a number below 0, which is another node of the tree. */
export type ArgTypes = ReadonlyMap<string, "String" | "Number" | "-Number" | "Duration">;

const none: ArgTypes = new Map();

/** Every placeholder of a template that can't be filled in, in the order of the text: unknown, never closed, or a text outside of quotes. */
export function placeholderErrors(template: string, declared: ArgTypes = none): Spot[] {
  const found = [...template.matchAll(placeholder)];
  const tree = parsePromql(neutral(template, declared));
  const use = `use ${[...declared.keys()].map((name) => `{{args.${name}}}, `).join("")}${knownPlaceholders}`;
  const spots = found.flatMap(({ 0: written, 1: name = "", index }) => {
    const type = typeOf(name, declared);
    if (type === undefined) return [{ from: index, message: `${written.slice(0, 100)} is not known: ${use}` }];
    if (type !== "String" || isQuoted(tree, index, index + written.length)) return [];
    return [{ from: index, message: `${written.slice(0, 100)} is a text, so it stands in quotes: write "${written.slice(0, 100)}"` }];
  });
  const open = template.replaceAll(placeholder, (written) => " ".repeat(written.length)).indexOf("{{");
  return open < 0 ? spots : [...spots, { from: open, message: `a placeholder is opened by {{ and never closed: ${use}` }];
}

function typeOf(name: string, declared: ArgTypes): "String" | "Number" | "-Number" | "Duration" | undefined {
  if (Object.hasOwn(placeholders, name)) return "String";
  return name.startsWith("args.") ? declared.get(name.slice("args.".length)) : undefined;
}

/** A year is too short for nobody's scrapes. */
const harmless = { Number: "1", "-Number": "-1", Duration: "1y" } as const;

/**
 * The template with something harmless for each placeholder, of the same length: what stands where is as in the template. Numbers and durations
 * whose value is known may stand for themselves.
 */
export function neutral(template: string, declared: ArgTypes = none, values: ReadonlyMap<string, string> = new Map()): string {
  return template.replaceAll(placeholder, (written, name: string) => {
    const type = typeOf(name, declared) ?? "String";
    return type === "String"
      ? "x".repeat(written.length)
      : (values.get(name.slice("args.".length)) ?? harmless[type]).padEnd(written.length);
  });
}

/**
 * A text as the content of a PromQL string, whichever quotes the template put around it. PromQL refuses `\'` inside double quotes and `\"`
 * inside single ones, but takes `\x22` in both.
 */
export function promqlString(text: string): string {
  return text.replaceAll(/[\\"'`\n\r]/g, (character) => escapes[character] ?? "");
}

const escapes: Record<string, string> = { "\\": "\\\\", '"': "\\x22", "'": "\\x27", "`": "\\x60", "\n": "\\n", "\r": "\\r" };
