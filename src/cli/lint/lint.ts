import { parseDuration } from "../../api/duration.ts";
import { apiVersion, group } from "../../api/names.ts";
import { printable } from "../cut.ts";
import type { Io } from "../io.ts";
import { loadManifests } from "../manifest/load.ts";
import type { Written } from "../manifest/read.ts";
import { formatOf, isForPeople, printObject, structured } from "../output/format.ts";
import type { LintReport } from "../output/reportSchemas.ts";
import { exitCodes, UserError } from "../userError.ts";
import { type Finding, findingsOf } from "./findings.ts";

export interface LintOptions {
  filename?: string[];
  scrapeInterval: string;
  output?: string;
}

/** `kubectl serin lint -f FILE…`: reads manifests without a cluster. Exit code 1 when something would not work as written. */
export async function lint(io: Io, { filename = [], scrapeInterval, output }: LintOptions): Promise<number> {
  const format = formatOf(output, ["wide", "name", ...structured]);
  const scrapeMs = scrapeTime(scrapeInterval);
  const all = await loadManifests(io, "lint", filename);
  const findings = findingsOf(all, scrapeMs);
  if (isForPeople(format)) io.out(lines(all, findings, format.is === "wide"));
  else printObject(io, format, { apiVersion, kind: "LintReport", findings } satisfies LintReport, namesOf(findings));
  return findings.some(({ level }) => level === "error") ? exitCodes.usage : 0;
}

/** The objects that something was found in, each once, as kubectl names them. */
const namesOf = (findings: readonly Finding[]): string[] => [
  ...new Set(
    findings.flatMap(({ object }) => {
      const [kind = "", name] = object.split(" ");
      return name === undefined ? [] : [`${kind.toLowerCase()}.${group}/${name}`];
    }),
  ),
];

/** One line for each, as compilers print them, so that editors find the place; `wide`: with the rule behind it. */
function lines(all: readonly Written[], findings: readonly Finding[], wide: boolean): string {
  const told = findings.map(
    ({ file, line, column, level, rule, object, message }) =>
      `${file}:${line}:${column}: ${level}: ${object}: ${message}${wide ? ` [${rule}]` : ""}`,
  );
  return [...told, summary(all, findings)].map((line) => `${printable(line)}\n`).join("");
}

function summary(all: readonly Written[], findings: readonly Finding[]): string {
  const errors = findings.filter(({ level }) => level === "error").length;
  const warnings = findings.length - errors;
  const ours = all.filter((one) => one.errors.length === 0 && one.apiVersion.startsWith(`${group}/`)).length;
  const others = all.length - ours - all.filter((one) => one.errors.length > 0).length;
  const looked = `${ours} ${ours === 1 ? "object" : "objects"} looked at${others === 0 ? "" : `, ${others} of other kinds passed over`}`;
  return `${errors} ${errors === 1 ? "error" : "errors"}, ${warnings} ${warnings === 1 ? "warning" : "warnings"}; ${looked}`;
}

function scrapeTime(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UserError({ what: `can't read --scrape-interval ${text}`, why, todo: "write it like: --scrape-interval 15s", cause: error });
  }
}
