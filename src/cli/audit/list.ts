import type { CanaryPlan } from "../../api/plan.ts";
import { readApiserverLog } from "../../core/audit/apiserverLog.ts";
import { readAuditedPlan } from "../../core/audit/auditedPlan.ts";
import type { Io } from "../io.ts";
import { formatOf, isForPeople, printObject } from "../output/format.ts";
import { auditRows } from "./auditRow.ts";
import { type FilterOptions, filtered } from "./filter.ts";
import { type AuditOptions, readSource, textOf } from "./source.ts";
import { csvLines, markdownLines, tableLines } from "./table.ts";

export interface ListOptions extends AuditOptions, FilterOptions {
  apiserverLog?: string;
}

/** `kubectl serin audit`: one line for each change. Exit code 0, also when there is none. */
export async function list(io: Io, options: ListOptions): Promise<number> {
  const { output, apiserverLog } = options;
  const format = formatOf(output, ["json", "yaml", "jsonpath", "csv", "markdown"]);
  const source = await readSource(io, options, false);
  const log = apiserverLog === undefined ? undefined : readApiserverLog(await textOf(io, apiserverLog));
  const plans = readable(source.plans);
  const within = auditRows(plans, log).filter(({ namespace }) => source.namespace === undefined || namespace === source.namespace);
  const rows = filtered(within, options, io.now());
  if (format.is === "csv") io.out(`${csvLines(rows).join("\r\n")}\r\n`);
  else if (format.is === "markdown") io.out(`${markdownLines(rows).join("\n")}\n`);
  else if (!isForPeople(format)) printObject(io, format, rows, []);
  else if (rows.length === 0) io.err("no image change matches\n");
  else
    io.out(
      `${tableLines(rows, { namespaces: source.namespace === undefined, width: io.screen()?.columns ?? Number.POSITIVE_INFINITY }).join("\n")}\n`,
    );
  return 0;
}

/** What can't be read is for `verify` to tell. */
export const readable = (plans: readonly unknown[]): CanaryPlan[] => plans.flatMap((raw) => readAuditedPlan(raw).plan ?? []);
