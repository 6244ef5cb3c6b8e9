/** Durations as Kubernetes and Prometheus users write them: `30s`, `1m`, `1h30m`, `500ms`, `90d`. */

const unitMilliseconds: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Also the pattern in the CRD: no sign, no fraction, each unit at most once and from large to small. */
export const durationPattern = "^(0|([0-9]{1,6}d)?([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,7}s)?([0-9]{1,8}ms)?)$";
const shape = new RegExp(durationPattern);

/** Milliseconds of a duration. @throws RangeError that says what to write instead. */
export function parseDuration(text: string): number {
  if (text === "" || !shape.test(text)) throw new RangeError(`"${text}" is not a duration: write it like 30s, 1m, 1h30m or 500ms`);
  if (text === "0") return 0;
  let total = 0;
  for (const [, count, unit] of text.matchAll(/([0-9]+)(ms|[dhms])/g)) total += Number(count) * (unitMilliseconds[unit ?? "s"] ?? 0);
  return total;
}

/** The shortest usual spelling: 90_000 → `1m30s`, 1_500 → `1.5s`, 250 → `250ms`. For messages and screens. */
export function formatDuration(milliseconds: number): string {
  const total = Math.max(0, Math.round(milliseconds));
  if (total < 1_000) return `${total}ms`;
  if (total < 60_000) return `${Number((total / 1_000).toFixed(1))}s`;
  const seconds = Math.round(total / 1_000);
  const parts: Array<[number, string]> = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor((seconds % 86_400) / 3_600), "h"],
    [Math.floor((seconds % 3_600) / 60), "m"],
    [seconds % 60, "s"],
  ];
  return parts
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join("");
}
