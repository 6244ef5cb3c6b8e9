import type { LoadReport } from "./loadReport.ts";

/** A table with one line per version, then the errors and the first few failures. */
export function printReport(report: LoadReport): string {
  const statuses = [...new Set(Object.values(report.byVersion).flatMap((v) => Object.keys(v.byStatus)))].sort();
  const shown = (status: string) => (status === "0" ? "failed" : status);
  const table = [
    ["version", ...statuses.map(shown), "total", "p50 ms", "p99 ms", "max ms"],
    ...Object.entries(report.byVersion)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([version, v]) => [version, ...statuses.map((s) => v.byStatus[s] ?? 0), v.total, ...Object.values(v.latencyMs)]),
  ].map((row) => row.map(String));
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const lines = table.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  "),
  );

  const seconds = ((report.endedAt - report.startedAt) / 1000).toFixed(1);
  const after = (at: number) => `${((at - report.startedAt) / 1000).toFixed(2)} s`;
  return [
    `${report.sent} requests in ${seconds} s to ${report.url}${report.host ? ` (Host: ${report.host})` : ""}: ${report.non200} not 200`,
    ...lines,
    ...Object.entries(report.errors).map(([message, count]) => `${count} × ${message}`),
    ...report.failures.slice(0, 5).map((f) => `at ${after(f.at)}: ${shown(String(f.status))} ${f.version} ${f.body}`),
    ...report.marks.map((m) => `mark ${m.name} at ${after(m.at)}`),
  ].join("\n");
}
