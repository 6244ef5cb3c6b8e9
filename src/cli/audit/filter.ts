import { parseDuration } from "../../api/duration.ts";
import { matchesGlob } from "../../core/admission/images.ts";
import { UserError } from "../userError.ts";
import type { AuditRow } from "./auditRow.ts";

export interface FilterOptions {
  since?: string;
  until?: string;
  user?: string;
  image?: string;
  deployment?: string;
  policy?: string;
  phase?: string;
  bypassed?: boolean;
}

/** The rows that are asked for. @throws UserError when a time can't be read */
export function filtered(rows: readonly AuditRow[], options: FilterOptions, now: number): AuditRow[] {
  const { user, image, deployment, policy, bypassed } = options;
  const [since, until] = [timeOf("since", options.since, now), timeOf("until", options.until, now)];
  const phases = options.phase?.split(",").map((phase) => phase.trim().toLowerCase());
  const decided = (row: AuditRow, wanted: string) =>
    row.decisions.some((text) => matchesGlob(wanted, / by (.+?)(?: \(|$)/.exec(text)?.[1] ?? ""));
  return rows.filter(
    (row) =>
      (since === undefined || Date.parse(row.at) >= since) &&
      (until === undefined || Date.parse(row.at) <= until) &&
      (user === undefined || matchesGlob(user, row.user) || decided(row, user)) &&
      (image === undefined ||
        [...row.before, ...row.after].some((each) => matchesGlob(image.includes("*") ? image : `*${image}*`, each))) &&
      (deployment === undefined || matchesGlob(deployment, row.deployment)) &&
      (policy === undefined || matchesGlob(policy, row.policy)) &&
      (phases === undefined || phases.includes(row.outcome.toLowerCase())) &&
      (!bypassed || row.outcome === "Bypassed"),
  );
}

function timeOf(option: "since" | "until", text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  try {
    return now - parseDuration(text);
  } catch {
    throw new UserError({
      what: `can't read --${option} ${text}`,
      why: "that is neither a duration nor a time",
      todo: `write it like: --${option} 2h, or --${option} 2026-11-24T10:00:00Z`,
    });
  }
}
