import { parseDuration } from "../../api/duration.ts";
import { UserError } from "../userError.ts";

/** A time as a person writes it: `2026-01-01T12:00:00Z`, or how long ago, `2h`. ms since epoch. @throws UserError */
export function timeOf(option: string, text: string, now: number): number {
  const at = Date.parse(text);
  // Date.parse takes `5` for a month.
  if (!Number.isNaN(at) && /^\d{4}-/.test(text)) return at;
  try {
    return now - parseDuration(text);
  } catch {
    throw new UserError({
      what: `can't read ${option} ${text}`,
      why: "that is no time",
      todo: `write it like: ${option} 2026-01-01T12:00:00Z, or ${option} 2h for two hours ago`,
    });
  }
}
