import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

export const checkout = join(import.meta.dirname, "..", "..");

/** Files that git tracks or would track, relative to the checkout. */
export function trackedFiles(): string[] {
  const output = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], { cwd: checkout, encoding: "utf8" });
  return output.split("\0").filter((file) => file !== "" && isThere(file));
}

export const sourceFiles = (): string[] => trackedFiles().filter((file) => file.startsWith("src/") && file.endsWith(".ts"));

export const textOf = (file: string): string => readFileSync(join(checkout, file), "utf8");

/** A file that is deleted but not yet committed is still listed by git. */
function isThere(file: string): boolean {
  try {
    readFileSync(join(checkout, file));
    return true;
  } catch {
    return false;
  }
}

export interface Import {
  /** The module as it is written. */
  specifier: string;
  /** For a relative one: its path from the checkout. */
  file: string | undefined;
  /** Gone at run time: `import type`, `export type`. */
  typeOnly: boolean;
}

const statement = /^(?:import|export)\s+(type\s+)?(?:[^;"']*?\sfrom\s+)?["']([^"']+)["']/gm;
const dynamic = /\bimport\(\s*["']([^"']+)["']\s*\)/g;

export function importsOf(file: string, text: string = textOf(file)): Import[] {
  const made = (specifier: string, typeOnly: boolean): Import => ({
    specifier,
    typeOnly,
    file: specifier.startsWith(".") ? normalize(join(dirname(file), specifier)) : undefined,
  });
  return [
    ...[...text.matchAll(statement)].map(([, type, specifier = ""]) => made(specifier, type !== undefined)),
    ...[...text.matchAll(dynamic)].map(([, specifier = ""]) => made(specifier, false)),
  ];
}

/** The code without comments, so that a comment may name what the code may not use. Strings stay. */
export const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|(^|[^:"'`])\/\/.*$/gm, "$1");

/** `src/core/plan/draft.ts` → `core`. */
export const folderOf = (file: string): string => file.split("/")[1] ?? "";
