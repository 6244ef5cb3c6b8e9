/** A part of a template: text as it stands, or a path into the object. */
type Part = { text: string } | { path: Array<string | number | "*"> };

const step = /\.([A-Za-z_$](?:[\w$-]|\\\.)*)|\[(\d+|\*)\]|\['([^']*)'\]/y;

/**
 * kubectl's `-o jsonpath`, as far as fields, indexes and `[*]` go: `{.plan.phase}`, `{.items[*].name}`, `{.a['b.c']}`, `{"\n"}` and text in between.
 * Filters, ranges and `..` are not there. Several values are separated by a blank, objects are printed as JSON. @throws Error that shows what can't be read
 */
export function jsonPath(template: string, object: unknown): string {
  return partsOf(template)
    .map((part) => ("text" in part ? part.text : valuesAt(object, part.path).map(inWords).join(" ")))
    .join("");
}

function partsOf(template: string): Part[] {
  return [...template.matchAll(/\{([^}]*)\}|([^{]+)|\{/g)].map(([whole, inside, text]): Part => {
    if (text !== undefined) return { text };
    if (inside === undefined) throw new Error(`${whole} is never closed`);
    const quoted = /^"(.*)"$/.exec(inside.trim());
    return quoted ? { text: JSON.parse(`"${quoted[1]}"`) as string } : { path: pathOf(inside.trim()) };
  });
}

function pathOf(text: string): Array<string | number | "*"> {
  const from = text.startsWith("$") ? 1 : 0;
  const path: Array<string | number | "*"> = [];
  step.lastIndex = from;
  if (text.slice(from) === ".") return path;
  while (step.lastIndex < text.length) {
    const at = step.lastIndex;
    const [, field, index, quoted] = step.exec(text) ?? [];
    const found = field?.replaceAll("\\.", ".") ?? quoted ?? (index === "*" ? "*" : index === undefined ? undefined : Number(index));
    if (found === undefined) throw new Error(`{${text}} is not understood from "${text.slice(at)}" on`);
    path.push(found);
  }
  return path;
}

function valuesAt(object: unknown, path: ReadonlyArray<string | number | "*">): unknown[] {
  return path.reduce<unknown[]>(
    (values, each) =>
      values.flatMap((value) => {
        if (typeof value !== "object" || value === null) return [];
        if (each === "*") return Object.values(value);
        const found = (value as Record<string | number, unknown>)[each];
        return Object.hasOwn(value, each) && found !== undefined ? [found] : [];
      }),
    [object],
  );
}

const inWords = (value: unknown): string => (typeof value === "object" ? JSON.stringify(value) : String(value));
