import { padded, painted, printable } from "../cut.ts";
import { columnsOf } from "../width.ts";
import type { AuditRow } from "./auditRow.ts";

type Column = [title: string, of: (row: AuditRow) => string, widest: number];

const images = ({ before, after }: AuditRow): string => (after.length === 0 ? "" : `${before.join(", ")} → ${after.join(", ")}`);

const columns = (namespaces: boolean): Column[] => [
  ["TIME", ({ at }) => at.replace(/\.\d+Z$/, "Z"), 20],
  ...(namespaces ? [["NAMESPACE", ({ namespace }: AuditRow) => namespace, 24] as Column] : []),
  ["DEPLOYMENT", ({ deployment }) => deployment, 32],
  ["OUTCOME", ({ outcome }) => outcome, 12],
  ["USER", ({ user }) => user || "?", 40],
  ["TOOL", ({ tool }) => tool, 24],
  ["CHANGE", images, 60],
  ["POLICY", ({ policy }) => policy, 24],
  ["DECIDED", ({ decisions, reason }) => decisions.join("; ") || reason, 60],
  ["PLAN", ({ plan = "" }) => plan, 64],
];

/** Columns as wide as their widest cell, within bounds; the last ones are cut first when the screen is narrow. */
export function tableLines(rows: readonly AuditRow[], { namespaces, width }: { namespaces: boolean; width: number }): string[] {
  const shown = columns(namespaces);
  const cells = [shown.map(([title]) => title), ...rows.map((row) => shown.map(([, of]) => printable(of(row))))];
  const widths = shown.map(([, , widest], index) =>
    Math.min(
      widest,
      cells.reduce((most, line) => Math.max(most, columnsOf(line[index] ?? "")), 0),
    ),
  );
  return cells.map((line) => {
    const spans = line.flatMap((text, index) => [...padded([{ text }], widths[index] ?? 0, "…"), { text: "  " }]);
    return painted(Number.isFinite(width) ? padded(spans, width, "…") : spans).trimEnd();
  });
}

const fields = [
  "at",
  "namespace",
  "deployment",
  "outcome",
  "user",
  "tool",
  "before",
  "after",
  "policy",
  "decisions",
  "reason",
  "message",
  "finishedAt",
  "plan",
  "seal",
  "request",
] as const;

const textOf = (value: AuditRow[(typeof fields)[number]]): string => (Array.isArray(value) ? value.join("; ") : String(value ?? ""));

/** RFC 4180. A cell that a spreadsheet would take for a formula gets an apostrophe before it. */
export const csvLines = (rows: readonly AuditRow[]): string[] => [
  fields.join(","),
  ...rows.map((row) => fields.map((field) => csvCell(textOf(row[field]))).join(",")),
];

function csvCell(text: string): string {
  const shown = printable(text);
  const harmless = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/.test(shown) ? `'${shown}` : shown;
  return /[",;\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/** As text: no cell of its own, no tag, no link or picture that whoever reads the report would load. */
const markdownCell = (text: string): string =>
  printable(text)
    .replace(/[\\|`*[\]!]/g, "\\$&")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;");

/** A report to paste: what there was, then each change. */
export function markdownLines(rows: readonly AuditRow[]): string[] {
  const counts = new Map<string, number>();
  for (const { outcome } of rows) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const shown = columns(true);
  const line = (cells: readonly string[]) => `| ${cells.map(markdownCell).join(" | ")} |`;
  return [
    "# Image changes",
    "",
    `${rows.length} changes${rows.length === 0 ? "" : ` from ${rows[0]?.at} to ${rows.at(-1)?.at}`}: ${[...counts].map(([outcome, count]) => `${count} ${outcome}`).join(", ") || "none"}.`,
    "",
    line(shown.map(([title]) => title)),
    line(shown.map(() => "---")),
    ...rows.map((row) => line(shown.map(([, of]) => of(row)))),
  ];
}
