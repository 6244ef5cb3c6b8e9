import { formatDuration, parseDuration } from "../api/duration.ts";
import type { PolicyStep } from "../api/policy.ts";

/** `setWeight 30`, `pause 30s`, `pause until approved`, `analysis success-rate, latency`. */
export function stepInWords({ setWeight, pause, analysis }: PolicyStep): string {
  if (setWeight !== undefined) return `setWeight ${setWeight}`;
  if (analysis !== undefined) return `analysis ${analysis.metrics.map(({ name }) => name).join(", ")}`;
  const length = pauseMilliseconds({ pause });
  return length === undefined ? "pause until approved" : `pause ${formatDuration(length)}`;
}

/** Undefined: a gate, or no pause at all. */
export function pauseMilliseconds({ pause }: Pick<PolicyStep, "pause">): number | undefined {
  const duration = pause?.duration;
  if (duration === undefined) return undefined;
  return typeof duration === "number" ? duration * 1_000 : parseDuration(duration);
}
