import { stringify } from "yaml";
import { printable } from "../cut.ts";
import type { Io } from "../io.ts";
import { UserError } from "../userError.ts";
import { jsonPath } from "./jsonPath.ts";

export type Format = { is: "table" | "wide" | "json" | "yaml" | "name" | "csv" | "markdown" } | { is: "jsonpath"; template: string };

/** For programs: what every verb that prints an object can do. */
export const structured: ReadonlyArray<Format["is"]> = ["json", "yaml", "jsonpath"];

/** What stands behind `-o`. @throws UserError when it is none of these */
export function formatOf(output: string | undefined, allowed: ReadonlyArray<Format["is"]> = ["json", "yaml", "name", "jsonpath"]): Format {
  if (output === undefined) return { is: "table" };
  const [, template] = /^jsonpath=(.*)$/s.exec(output) ?? [];
  if (template && allowed.includes("jsonpath")) return { is: "jsonpath", template: template.replace(/^'(.*)'$/s, "$1") };
  const format = allowed.find((each) => each === output && each !== "jsonpath");
  if (format !== undefined && format !== "jsonpath") return { is: format };
  const formats = allowed.map((each) => (each === "jsonpath" ? "jsonpath=TEMPLATE" : each)).join(", ");
  throw new UserError({ what: `can't print -o ${output}`, why: whyNot(output), todo: `there are: ${formats}` });
}

/** What other verbs have is told apart from what is mistyped. */
function whyNot(output: string): string {
  if (output === "wide") return "this verb leaves nothing out that -o wide could add";
  if (output === "name") return "what this verb prints has no names that kubectl could take";
  if (output === "jsonpath" || output === "jsonpath=") return "jsonpath needs a template";
  return "there is no such format";
}

/**
 * As YAML 1.1, in which a bare `off`, `no` or time is no string: what kubectl and most others read.
 * JSON on several lines; while following on one, NDJSON. @throws UserError when a template can't be read
 */
export function printObject(io: Io, format: Format, object: unknown, names: readonly string[], onOneLine = false): void {
  switch (format.is) {
    case "json":
      io.out(`${jsonText(object, onOneLine ? undefined : 2)}\n`);
      return;
    case "yaml":
      io.out(`${onOneLine ? "---\n" : ""}${forScreen(io, stringify(object, { lineWidth: 0, version: "1.1" }))}`);
      return;
    case "name":
      io.out(names.map((name) => `${name}\n`).join(""));
      return;
    case "jsonpath":
      io.out(forScreen(io, fromTemplate(format.template, object)) + (onOneLine ? "\n" : ""));
      return;
    default:
      throw new Error(`${format.is} is no object: our bug`);
  }
}

/** JSON in which nothing would steer a terminal: JSON itself escapes the first 32 characters only. */
export const jsonText = (object: unknown, indent?: number): string =>
  JSON.stringify(object, undefined, indent).replace(
    /[\x7f-\x9f\p{Bidi_Control}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

/** On a terminal without what would steer it; a program gets what there is. */
const forScreen = (io: Io, text: string): string => (io.screen() === undefined ? text : text.split("\n").map(printable).join("\n"));

/** Whether a person reads it, not a program. */
export const isForPeople = ({ is }: Format): boolean => is === "table" || is === "wide";

function fromTemplate(template: string, object: unknown): string {
  try {
    return jsonPath(template, object);
  } catch (error) {
    throw new UserError({
      what: `can't read -o jsonpath=${template}`,
      why: (error as Error).message,
      todo: "fields, [0], [*] and text are known: -o jsonpath='{.plan.phase}'; for more take -o json and jq",
    });
  }
}
