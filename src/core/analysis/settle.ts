import { formatDuration, parseDuration } from "../../api/duration.ts";

/**
 * Settle: the time until every proxy has surely heard of a change (design §6).
 *
 *   change ──▶ istiod waits for more (debounce) ──▶ istiod pushes, proxies receive (convergence) ──▶ margin ──▶ settled
 *
 * Both are needed: with 3 s of debounce the convergence alone reads 1 ms (measured on the lab).
 */

const floor = 500;
const ceiling = 30_000;
const withoutData = 5_000;
const leastMargin = 300;
const marginShare = 0.2;

export interface SettleInput {
  /** `traffic.settle` of the policy: Auto, or a duration that is taken as it is. */
  setting: string;
  /** p99 of istiod's pilot_debounce_time in seconds; NaN or absent: no data. */
  debounceP99Seconds?: number | undefined;
  /** p99 of istiod's pilot_proxy_convergence_time in seconds; NaN or absent: no data. */
  convergenceP99Seconds?: number | undefined;
}

/** How long to wait after a change of routes, and why: Auto is debounce + convergence + max(0.3 s, 20 %), at least 0.5 s, at most 30 s. */
export function settleTime(input: SettleInput): { ms: number; message: string } {
  if (input.setting !== "Auto") return { ms: parseDuration(input.setting), message: `settle ${input.setting}, as the policy says` };
  const debounce = milliseconds(input.debounceP99Seconds);
  const convergence = milliseconds(input.convergenceP99Seconds);
  if (debounce === undefined || convergence === undefined) return guess(debounce, convergence);
  const measured = debounce + convergence;
  const margin = marginOf(measured);
  const ms = bounded(measured + margin);
  return {
    ms,
    message: `settle ${formatDuration(ms)}: p99 debounce ${formatDuration(debounce)} + p99 convergence ${formatDuration(convergence)} + margin ${formatDuration(margin)}${boundNote(measured + margin)}`,
  };
}

/** 5 s, unless the half that is known already takes longer. */
function guess(debounce: number | undefined, convergence: number | undefined): { ms: number; message: string } {
  const known = debounce ?? convergence ?? 0;
  const ms = Math.max(withoutData, bounded(known + marginOf(known)));
  const missing = [debounce === undefined && "pilot_debounce_time", convergence === undefined && "pilot_proxy_convergence_time"];
  return { ms, message: `settle ${formatDuration(ms)}: Prometheus has no data of istiod's ${missing.filter(Boolean).join(" and ")}` };
}

const marginOf = (measured: number): number => Math.max(leastMargin, marginShare * measured);
const bounded = (ms: number): number => Math.round(Math.min(ceiling, Math.max(floor, ms)));

function boundNote(ms: number): string {
  if (ms < floor) return `, at least ${formatDuration(floor)}`;
  return ms > ceiling ? `, at most ${formatDuration(ceiling)}: this mesh is slower than Serin waits, set traffic.settle to a duration` : "";
}

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined || Number.isNaN(seconds) || seconds < 0 ? undefined : Math.min(seconds * 1_000, 3_600_000);
}
