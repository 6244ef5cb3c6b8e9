import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Lab } from "./lab.ts";

/** One finished request, as kube-apiserver recorded it. */
export interface AuditEvent {
  readonly stage: string;
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly userAgent?: string;
  readonly objectRef?: { readonly resource: string; readonly subresource?: string; readonly namespace?: string; readonly name?: string };
  readonly responseStatus?: { readonly code?: number };
  /** With microseconds, e.g. 2026-11-23T04:00:00.123456Z. */
  readonly requestReceivedTimestamp: string;
}

const writeVerbs: ReadonlySet<string> = new Set(["create", "update", "patch", "delete", "deletecollection"]);
const serin = "system:serviceaccount:serin-system:";

/** Everything that was asked of the API server, oldest first. */
export async function auditLog(lab: Lab): Promise<AuditEvent[]> {
  const text = await readFile(join(lab.dir, "audit.log"), "utf8");
  // The last line may be half written.
  const lines = text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
  return lines
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as AuditEvent)
    .sort((a, b) => (a.requestReceivedTimestamp < b.requestReceivedTimestamp ? -1 : 1));
}

/** What Serin's ServiceAccounts wrote between two times (ms since 1970), refused writes included. */
export async function serinWrites(lab: Lab, from = 0, to = Number.POSITIVE_INFINITY): Promise<AuditEvent[]> {
  return (await auditLog(lab)).filter((event) => {
    const at = timeOf(event);
    return event.user.username.startsWith(serin) && writeVerbs.has(event.verb) && at >= from && at < to;
  });
}

export const timeOf = (event: AuditEvent): number => Date.parse(event.requestReceivedTimestamp);

export const isAccepted = (event: AuditEvent): boolean => (event.responseStatus?.code ?? 500) < 400;

export const isLease = (event: AuditEvent): boolean => event.objectRef?.resource === "leases";

/** `04:00:00.123 serin-worker patch virtualservices default/nginx 200` */
export function inWords(event: AuditEvent): string {
  const { resource = "", subresource, namespace = "", name = "" } = event.objectRef ?? {};
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  const who = event.user.username.slice(event.user.username.lastIndexOf(":") + 1);
  return `${event.requestReceivedTimestamp.slice(11, 23)} ${who} ${event.verb} ${what} ${namespace}/${name} ${event.responseStatus?.code}`;
}
