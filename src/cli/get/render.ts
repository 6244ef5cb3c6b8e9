import picocolors from "picocolors";
import { cut, padded, painted, printable, type Span, widthOf } from "../cut.ts";
import { ascii, type Icons, unicode } from "./icons.ts";
import type { HeaderLine, Info, Look, Row, Status, View } from "./row.ts";

export interface Style {
  color: boolean;
  ascii: boolean;
  /** Columns of the terminal; Infinity cuts nothing. */
  width: number;
}

/** Wide enough for `ActualWeight:` below `Strategy:`; Argo Rollouts' own width. */
const labelWidth = 17;
const gap = "  ";
const barWidth = 10;
/** So much of a name stays however narrow the window is; the branches before it come on top. */
const leastName = 16;

/** The lines of a screen, each at most as wide as the terminal. */
export function render(view: View, style: Style): string[] {
  const pen = penFor(style);
  const header = view.header.map((line) => headerLine(line, pen));
  const next = view.next === undefined ? [] : [[{ text: "" }], [{ text: `next: ${printable(view.next)}` }]];
  return [...header, [{ text: "" }], ...table(view.tree, pen, style.width), ...next].map((line) =>
    painted(cut(line, style.width, pen.icons.ellipsis)).trimEnd(),
  );
}

interface Pen {
  icons: Icons;
  paint: Record<Look, (text: string) => string>;
  faint: (text: string) => string;
}

function penFor({ color, ascii: plain }: Style): Pen {
  const colors = picocolors.createColors(color);
  return {
    icons: plain ? ascii : unicode,
    faint: colors.dim,
    paint: {
      ok: colors.green,
      bad: colors.red,
      warning: colors.red,
      progressing: colors.cyan,
      waiting: colors.yellow,
      paused: colors.yellow,
      unknown: colors.yellow,
      neutral: colors.reset,
    },
  };
}

function headerLine({ label, indented, value, status }: HeaderLine, pen: Pen): Span[] {
  const title = label === "" ? "" : `${indented ? "  " : ""}${label}:`;
  return [{ text: title.padEnd(labelWidth) }, ...(status === undefined ? infoSpans(value, pen) : statusSpans(status, pen))];
}

function statusSpans({ look, word }: Status, { icons, paint }: Pen): Span[] {
  return [{ text: `${icons.look[look]} ${printable(word)}`, paint: paint[look] }];
}

function infoSpans(infos: readonly Info[], pen: Pen): Span[] {
  return infos.flatMap((info, index) => [...(index > 0 ? [{ text: " " }] : []), ...infoSpan(info, pen)]);
}

function infoSpan(info: Info, { icons, paint, faint }: Pen): Span[] {
  switch (info.is) {
    case "text":
      return [{ text: printable(info.text), ...(info.look === undefined ? {} : { paint: paint[info.look] }) }];
    case "bar": {
      const full = Math.round((info.percent / 100) * barWidth);
      return [
        { text: icons.bar.full.repeat(full), paint: paint.waiting },
        { text: icons.bar.empty.repeat(barWidth - full), paint: faint },
        { text: ` ${info.percent}% canary` },
      ];
    }
    case "counts":
      return info.counts.flatMap(([look, count], index) => [
        ...(index > 0 ? [{ text: "," }] : []),
        { text: `${icons.look[look]} ${count}`, paint: paint[look] },
      ]);
  }
}

type Cells = [name: Span[], kind: Span[], status: Span[], age: Span[], info: Span[]];

/** Columns as wide as their widest cell. In a narrow window names are cut first, since the branches still tell them apart. */
function table(tree: Row, pen: Pen, width: number): Span[][] {
  const titles = ["NAME", "KIND", "STATUS", "AGE", "INFO"].map((title) => [{ text: title }]) as unknown as Cells;
  const rows = [titles, ...flatten(tree, "", "", pen)];
  const widest = (column: number) => rows.reduce((most, cells) => Math.max(most, widthOf(cells[column] ?? [])), 0);
  const others = [1, 2, 3].map(widest);
  const taken = others.reduce((sum, each) => sum + each + gap.length, 0);
  const infos = Math.min(widest(4), 24);
  const nameWidth = Math.min(widest(0), Math.max(leastName, width - taken - infos - gap.length));
  return rows.map(([name, kind, status, age, info]) => [
    ...padded(name, nameWidth, pen.icons.ellipsis),
    ...[kind, status, age].flatMap((cell, index) => [{ text: gap }, ...padded(cell, others[index] ?? 0, pen.icons.ellipsis)]),
    { text: gap },
    ...info,
  ]);
}

function flatten(row: Row, branch: string, below: string, pen: Pen): Cells[] {
  const { middle, last, below: through, blank } = pen.icons.branch;
  const icon = pen.icons.kind[row.icon];
  const cells: Cells = [
    [{ text: branch, paint: pen.faint }, { text: `${icon} ${printable(row.name)}` }],
    [{ text: row.kind }],
    row.status === undefined ? [] : statusSpans(row.status, pen),
    [{ text: row.age }],
    infoSpans(row.info, pen),
  ];
  const children = row.children.flatMap((child, index) => {
    const isLast = index === row.children.length - 1;
    return flatten(child, `${below}${isLast ? last : middle}`, `${below}${isLast ? blank : through}`, pen);
  });
  return [cells, ...children];
}
