import { printable } from "./cut.ts";
import { columnsOf } from "./width.ts";

/** Columns as wide as their widest cell, three blanks between them, as kubectl has it. */
export function table(rows: readonly string[][]): string[] {
  const safe = rows.map((cells) => cells.map(printable));
  const widths = (safe[0] ?? []).map((_, column) => safe.reduce((widest, cells) => Math.max(widest, columnsOf(cells[column] ?? "")), 0));
  return safe.map((cells) =>
    cells
      .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - columnsOf(cell)))
      .join("   ")
      .trimEnd(),
  );
}
