import { parseDuration } from "../../api/duration.ts";
import { phases } from "../../api/plan.ts";
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

const outcomes = [...phases, "Denied"];

/** RFC 3339, or a part of it: a day is UTC's, a time without its zone is this machine's. */
const pointInTime = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/i;

/** Date.parse takes the 31st of February for the 3rd of March. */
function isDay(text: string): boolean {
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/** The rows that are asked for. @throws UserError when a time can't be read, or there is no such phase */
export function filtered(rows: readonly AuditRow[], options: FilterOptions, now: number): AuditRow[] {
  const { user, image, deployment, policy, bypassed } = options;
  const [since, until] = [timeOf("since", options.since, now), timeOf("until", options.until, now)];
  if (since !== undefined && until !== undefined && since > until)
    throw new UserError({ what: "can't look from --since up to --until", why: "--since is later", todo: "swap them" });
  const wanted = options.phase?.split(",").map((phase) => phase.trim().toLowerCase());
  const strange = wanted?.find((phase) => !outcomes.some((outcome) => outcome.toLowerCase() === phase));
  if (strange !== undefined)
    throw new UserError({
      what: `can't look for --phase ${strange}`,
      why: "there is no such outcome",
      todo: `there are: ${outcomes.join(", ")}`,
    });
  const decided = (row: AuditRow, whom: string) =>
    row.decisions.some((text) => matchesGlob(whom, / by (.+?)(?: \(|$)/.exec(text)?.[1] ?? ""));
  return rows.filter(
    (row) =>
      (since === undefined || Date.parse(row.at) >= since) &&
      (until === undefined || Date.parse(row.at) <= until) &&
      (user === undefined || matchesGlob(user, row.user) || decided(row, user)) &&
      (image === undefined ||
        [...row.before, ...row.after].some((each) => matchesGlob(image.includes("*") ? image : `*${image}*`, each))) &&
      (deployment === undefined || matchesGlob(deployment, row.deployment)) &&
      (policy === undefined || matchesGlob(policy, row.policy)) &&
      (wanted === undefined || wanted.includes(row.outcome.toLowerCase())) &&
      (!bypassed || row.outcome === "Bypassed"),
  );
}

function timeOf(option: "since" | "until", text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const time = pointInTime.test(text) && isDay(text.slice(0, 10)) ? Date.parse(text) : Number.NaN;
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
