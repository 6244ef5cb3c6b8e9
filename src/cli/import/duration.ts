import { formatDuration } from "../../api/duration.ts";
import { numberOf, textOf } from "./raw.ts";

const unitMs: Record<string, number> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1e3, m: 60e3, h: 3_600e3 };

/** Milliseconds of a duration of Go (`1h30m`, `1.5s`) or of a number of seconds (`30`, `"30"`); undefined for anything else. */
export function milliseconds(value: unknown): number | undefined {
  const seconds = numberOf(value);
  if (seconds !== undefined) return seconds * 1_000;
  const text = textOf(value)?.trim() ?? "";
  if (!/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)].reduce(
    (sum, [, count, unit = "s"]) => sum + Number(count) * (unitMs[unit] ?? 0),
    0,
  );
}

/** The same as Serin writes it, such as `1m30s`; undefined for anything else. */
export function duration(value: unknown): string | undefined {
  const total = milliseconds(value);
  if (total === undefined) return undefined;
  return Math.round(total) % 1_000 === 0 ? formatDuration(total) : `${Math.round(total)}ms`;
}
