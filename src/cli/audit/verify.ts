import { apiVersion, systemNamespace } from "../../api/names.ts";
import { type ApiserverLog, readApiserverLog, until } from "../../core/audit/apiserverLog.ts";
import { type Verified, verifyAudit } from "../../core/audit/verify.ts";
import { compareWithLog } from "../../core/audit/witness.ts";
import { ApiError, isForbidden } from "../../kube/apiError.ts";
import { printable } from "../cut.ts";
import type { Io } from "../io.ts";
import { formatOf, isForPeople, printObject, structured } from "../output/format.ts";
import type { AuditVerification } from "../output/reportSchemas.ts";
import { UserError } from "../userError.ts";
import { readable } from "./list.ts";
import { type AuditOptions, readSource, type Source, textOf } from "./source.ts";

export interface VerifyOptions extends AuditOptions {
  root?: string;
  apiserverLog?: string;
  acceptBreak?: string[];
}

/** What `audit verify` exits with. */
const codes = { clean: 0, findings: 1, unchecked: 2 } as const;

/** `kubectl serin audit verify`. */
export async function verify(io: Io, options: VerifyOptions): Promise<number> {
  const { output, root, apiserverLog, acceptBreak = [] } = options;
  const format = formatOf(output, structured);
  // First the log, which grows all the time: the record, read after it, is not behind.
  const log = apiserverLog === undefined ? undefined : readApiserverLog(await textOf(io, apiserverLog));
  const source = await sourceOf(io, options);
  const verified = verifyAudit({ ...source, root, now: io.now(), acceptedBreaks: acceptBreak });
  const all = log === undefined ? verified : withLog(verified, source, log);
  const result = { ...all, unchecked: [...source.unread, ...all.unchecked] };
  const said: AuditVerification = { apiVersion, kind: "AuditVerification", ...result };
  if (isForPeople(format)) io.out(`${linesOf(result).map(printable).join("\n")}\n`);
  else printObject(io, format, said, []);
  if (result.findings.length > 0) return codes.findings;
  return result.unchecked.length > 0 ? codes.unchecked : codes.clean;
}

/** Whoever can't be asked has not been found clean. */
async function sourceOf(io: Io, options: VerifyOptions): Promise<Source> {
  try {
    return await readSource(io, options, true);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const todo = isForbidden(error)
      ? "ask for the ClusterRole serin-auditor, or check an export with -f"
      : "look at Serin itself with: kubectl serin doctor; or check an export with -f";
    throw new UserError({ what: "can't check the record", why: error.message, todo, code: codes.unchecked, cause: error });
  }
}

function withLog(verified: Verified, { plans, heads, complete, exportedAt }: Source, all: ApiserverLog): Verified {
  const isLater = exportedAt !== undefined && all.to > exportedAt;
  const log = isLater ? until(all, exportedAt) : all;
  const later = isLater ? [`kube-apiserver's log was compared up to ${new Date(exportedAt).toISOString()}, when the export was made`] : [];
  const compared = compareWithLog({ plans: readable(plans), log, heads, systemNamespace, complete });
  return {
    ...verified,
    findings: [...verified.findings, ...compared.findings],
    unchecked: [...verified.unchecked, ...compared.unchecked],
    notes: [...verified.notes, ...later, ...compared.notes],
  };
}

function linesOf({ findings, unchecked, notes, counts, root }: Verified): string[] {
  const { plans, sealed, live, entries } = counts;
  const verdict =
    findings.length > 0
      ? `${findings.length} ${findings.length > 1 ? "things are" : "thing is"} wrong`
      : unchecked.length > 0
        ? "nothing wrong was found, and not everything could be checked"
        : "the record is whole and as it was sealed";
  return [
    ...findings.map(({ code, message }) => `✖ ${code}: ${message}`),
    ...unchecked.map((what) => `? not checked: ${what}`),
    ...notes.map((note) => `• ${note}`),
    `${verdict}: ${plans} plans (${sealed} sealed, ${live} live), ${entries} entries, root key ${root ?? "none"}`,
  ];
}
