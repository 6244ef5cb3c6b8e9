import { isMap, isPair, isSeq, type Pair, parseAllDocuments, type Scalar, type YAMLMap, type YAMLSeq } from "yaml";

/**
 * One place of a manifest that a chart's user may set. `of` names the object, `Kind/name`; `at` the field, where a string in a list means the item
 * of that name. What is put there is Helm's language; lines are indented as the field is, and get that indentation, in columns, to nest by.
 */
export type Edit = { of: string; at: ReadonlyArray<string | number> } & (
  | { put: string }
  | { replaceBy: (indent: number) => string }
  | { follow: (indent: number) => string }
);

interface Splice {
  from: number;
  to: number;
  text: string;
}

/**
 * A manifest's text as a Helm template: as it is written, comments too, but for the edits. What Helm would take for its own language is escaped.
 * @throws when an object or a field of an edit isn't there
 */
export function splice(text: string, edits: readonly Edit[]): string {
  const splices = edits.map((edit) => spliceOf(text, edit)).sort((a, b) => a.from - b.from || a.to - b.to);
  let done = 0;
  let out = "";
  for (const { from, to, text: put } of splices) {
    out += escaped(text.slice(done, from)) + put;
    done = to;
  }
  return out + escaped(text.slice(done));
}

const escaped = (text: string): string => text.replaceAll("{{", '{{ "{{" }}');

function spliceOf(text: string, edit: Edit): Splice {
  const place = placeOf(text, edit);
  if ("put" in edit) return { from: place.valueFrom, to: place.valueTo, text: edit.put };
  const indent = place.from - (text.lastIndexOf("\n", place.from - 1) + 1);
  const lineTo = text.indexOf("\n", place.valueTo) + 1;
  const lines = ("replaceBy" in edit ? edit.replaceBy : edit.follow)(indent)
    .split("\n")
    .join(`\n${" ".repeat(indent)}`);
  if ("replaceBy" in edit) return { from: place.from, to: lineTo, text: `${lines}\n` };
  return { from: lineTo, to: lineTo, text: `${" ".repeat(indent)}${lines}\n` };
}

/** Offsets of a field: where its line's content begins, and its value from and to, without the white space and comments that follow. */
function placeOf(text: string, { of, at }: Edit): { from: number; valueFrom: number; valueTo: number } {
  const missing = () => new Error(`${of} has no ${at.join(".")}, which the chart sets: see src/chart/edits.ts`);
  const document = parseAllDocuments(text).find(
    (one) => "contents" in one && `${String(one.getIn(["kind"]))}/${String(one.getIn(["metadata", "name"]))}` === of,
  );
  let node: unknown = document?.contents;
  let from = 0;
  for (const step of at) {
    const child = isMap(node) ? pairOf(node, step) : isSeq(node) ? itemOf(node, step) : undefined;
    if (child === undefined) throw missing();
    if (isPair(child)) {
      from = (child.key as Scalar).range?.[0] ?? 0;
      node = child.value;
    } else {
      from = ((child as YAMLMap).range?.[0] ?? 0) - "- ".length;
      node = child;
    }
  }
  const [valueFrom, valueEnd] = (node as Scalar | undefined)?.range ?? [];
  if (valueFrom === undefined || valueEnd === undefined) throw missing();
  return { from, valueFrom, valueTo: valueFrom + text.slice(valueFrom, valueEnd).trimEnd().length };
}

const pairOf = (map: YAMLMap, step: string | number): Pair | undefined => map.items.find(({ key }) => (key as Scalar).value === step);

const itemOf = (list: YAMLSeq, step: string | number): unknown =>
  typeof step === "number" ? list.items[step] : list.items.find((item) => isMap(item) && item.get("name") === step);
