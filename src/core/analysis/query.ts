/** A metric's query with its placeholders filled in. */

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

/** Fills the placeholders of a PromQL template. The error names what is unknown or has no value. */
export function renderQuery(template: string, args: QueryArgs): { query: string } | { error: string } {
  const errors: string[] = [];
  const query = template.replaceAll(/\{\{\s*(.*?)\s*\}\}/gs, (written, name: string) => {
    const read = Object.hasOwn(placeholders, name) ? placeholders[name] : undefined;
    const value = read?.(args);
    if (read === undefined) errors.push(`${written.slice(0, 100)} is not known: use ${knownPlaceholders}`);
    else if (value === undefined || value === "") errors.push(`${written} has no value: the Deployment has no Service`);
    return promqlString(value ?? "");
  });
  // A filled-in value holds no braces of ours, so what is left was never closed.
  if (errors.length === 0 && template.replaceAll(/\{\{.*?\}\}/gs, "").includes("{{"))
    errors.push(`a placeholder is opened by {{ and never closed: use ${knownPlaceholders}`);
  return errors[0] === undefined ? { query } : { error: `the query can't be asked: ${errors[0]}` };
}

/**
 * A text as the content of a PromQL string, whichever quotes the template put around it. PromQL refuses `\'` inside double quotes and `\"`
 * inside single ones, but takes `\x22` in both.
 */
export function promqlString(text: string): string {
  return text.replaceAll(/[\\"'`\n\r]/g, (character) => escapes[character] ?? "");
}

const escapes: Record<string, string> = { "\\": "\\\\", '"': "\\x22", "'": "\\x27", "`": "\\x60", "\n": "\\n", "\r": "\\r" };
