import { stringify } from "yaml";
import { usualScrapeMs } from "../../core/analysis/metricTroubles.ts";
import { printable } from "../cut.ts";
import type { Io } from "../io.ts";
import { findingsOf } from "../lint/findings.ts";
import { loadManifests } from "../manifest/load.ts";
import { readManifest, type Written } from "../manifest/read.ts";
import { exitCodes, UserError } from "../userError.ts";
import { importArgo } from "./argo/argo.ts";
import { importFlagger } from "./flagger/flagger.ts";
import type { Imported } from "./imported.ts";
import { kinds, type Project } from "./projects.ts";
import { type Remark, remarkLine } from "./remark.ts";

const converters = { argo: importArgo, flagger: importFlagger } as const satisfies Record<Project, unknown>;

/** `kubectl serin import argo|flagger -f FILE…`: policies on standard output, what did not map on the other. 1 when something of that matters. */
export async function importFrom(io: Io, project: Project, files: readonly string[]): Promise<number> {
  const all = await loadManifests(io, `import ${project}`, files);
  readable(all);
  const imported = converters[project](all);
  if (imported.objects.length === 0 && imported.remarks.length === 0)
    throw new UserError({
      what: `can't import ${files.join(", ")}`,
      why: `no ${kinds[project]} is in there`,
      todo: `write it like: kubectl serin import ${project} -f FILE.yaml`,
    });
  const yaml = imported.objects.map((object) => stringify(object, { lineWidth: 0 })).join("---\n");
  io.out(yaml);
  const doubts = doubtsAbout(yaml);
  const matters = doubts.length + imported.remarks.filter((remark) => remark.matters).length;
  io.err([...inOrder(all, imported.remarks).map(remarkLine), ...doubts, summary(imported, matters)].map((line) => `${line}\n`).join(""));
  return matters > 0 ? exitCodes.usage : 0;
}

/** As they stand in the files. */
function inOrder(all: readonly Written[], remarks: readonly Remark[]): Remark[] {
  const files = [...new Set(all.map(({ file }) => file))];
  const placed = remarks.map((remark) => ({ remark, file: files.indexOf(remark.source.file), ...remark.source.place(remark.path) }));
  return placed.sort((a, b) => a.file - b.file || a.line - b.line || a.column - b.column).map(({ remark }) => remark);
}

function readable(all: readonly Written[]): void {
  const broken = all.find(({ errors }) => errors.length > 0);
  const [error] = broken?.errors ?? [];
  if (broken === undefined || error === undefined) return;
  throw new UserError({
    what: `can't import ${broken.file}`,
    why: `line ${error.line}, column ${error.column}: ${error.message}`,
    todo: "put its YAML right",
  });
}

/** What lint says about what was made: most of it was as wrong before. */
const doubtsAbout = (yaml: string): string[] =>
  findingsOf(readManifest("stdout", yaml), usualScrapeMs)
    .filter(({ level }) => level === "error")
    .map(({ line, column, object, message }) => printable(`stdout:${line}:${column}: matters: ${object}: ${message}`));

function summary({ objects, remarks }: Imported, matters: number): string {
  const made = `${objects.length} ${objects.length === 1 ? "object" : "objects"} written`;
  const notes = remarks.filter((remark) => !remark.matters).length;
  const told = `${notes} ${notes === 1 ? "note" : "notes"}, ${matters} that ${matters === 1 ? "matters" : "matter"}`;
  return `${made}; ${told}${matters > 0 ? ": see to it before you apply" : ""}`;
}
