import type { Io } from "../io.ts";
import { jsonText } from "../output/format.ts";
import { type AuditOptions, type ExportHeader, readSource } from "./source.ts";

/** `kubectl serin audit export`: JSON Lines, in the order of their seals; what is still live comes last. Exit code 0, 2 when something could not be read. */
export async function exportAudit(io: Io, options: AuditOptions): Promise<number> {
  const { plans, heads, keys, complete, unread } = await readSource(io, options, true);
  const header: ExportHeader = {
    kind: "SerinAuditExport",
    v: 1,
    at: new Date(io.now()).toISOString(),
    complete,
    plans: plans.length,
    heads: heads ?? null,
    keys,
  };
  io.out(`${jsonText(header)}\n`);
  for (const plan of [...plans].sort((a, b) => numberOf(a) - numberOf(b))) io.out(`${jsonText(withoutOwners(plan))}\n`);
  for (const what of unread) io.err(`not exported: ${what}\n`);
  return unread.length > 0 ? 2 : 0;
}

const numberOf = (plan: unknown): number =>
  (plan as { status?: { seal?: { number?: number } } }).status?.seal?.number ?? Number.MAX_SAFE_INTEGER;

/** Who owns which field says nothing about the change. */
function withoutOwners(plan: unknown): unknown {
  const { metadata, ...rest } = plan as { metadata?: { managedFields?: unknown } };
  const { managedFields: _, ...kept } = metadata ?? {};
  return { metadata: kept, ...rest };
}
