import { type Document, LineCounter, parseAllDocuments } from "yaml";
import { type Path, type Place, placeOf } from "./place.ts";

/** One object of a file, as somebody wrote it. */
export interface Written {
  /** As it was named on the command line; `-` is standard input. */
  readonly file: string;
  /** Undefined where the YAML itself can't be read. */
  readonly object: unknown;
  readonly kind: string;
  readonly apiVersion: string;
  readonly name: string;
  /** What is wrong with the YAML. */
  readonly errors: ReadonlyArray<Place & { message: string }>;
  /** Where a field stands, or a character of its text. */
  place(path: Path, at?: number): Place;
}

/** The objects of a file, in order; those of a List too. Empty documents are left out. */
export function readManifest(file: string, text: string): Written[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, merge: true });
  if (!Array.isArray(documents)) return [];
  return (documents as Document.Parsed[]).flatMap((document) => {
    // What follows the first one is mostly its consequence.
    const errors = document.errors.slice(0, 1).map(({ message, linePos }) => ({
      line: linePos?.[0].line ?? 1,
      column: linePos?.[0].col ?? 1,
      message: message.replace(/ at line \d+[\s\S]*$/, ""),
    }));
    const object: unknown = errors.length > 0 ? undefined : document.toJS();
    if (errors.length === 0 && (object === null || object === undefined)) return [];
    const place = (path: Path, at?: number): Place => placeOf(text, document, lines, path, at);
    const whole = written({ file, object, errors, place });
    const { items } = (object ?? {}) as { items?: unknown };
    if (whole.kind !== "List" || !Array.isArray(items)) return [whole];
    return items.map((item: unknown, index) =>
      written({ file, object: item, errors, place: (path, at) => place(["items", index, ...path], at) }),
    );
  });
}

function written(parts: Pick<Written, "file" | "object" | "errors" | "place">): Written {
  const { kind, apiVersion, metadata } = (parts.object ?? {}) as { kind?: unknown; apiVersion?: unknown; metadata?: { name?: unknown } };
  const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
  return { ...parts, kind: textOf(kind), apiVersion: textOf(apiVersion), name: textOf(metadata?.name) };
}
