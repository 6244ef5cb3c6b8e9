/** A time span as kubectl prints ages: exact while it is short, rough when it is long. `95s`, `5m12s`, `47m`, `3h20m`, `26h`, `5d`. */
export function age(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1_000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (seconds < 120) return `${seconds}s`;
  if (minutes < 10) return both(minutes, "m", seconds % 60, "s");
  if (hours < 3) return `${minutes}m`;
  if (hours < 8) return both(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  if (days < 8) return both(days, "d", hours % 24, "h");
  return days < 730 ? `${days}d` : `${Math.floor(days / 365)}y`;
}

const both = (large: number, largeUnit: string, small: number, smallUnit: string): string =>
  small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;

/** The age of something made then; "" when that is not known. */
export function ageSince(time: string | undefined, now: number): string {
  const made = time === undefined ? Number.NaN : Date.parse(time);
  return Number.isNaN(made) ? "" : age(now - made);
}
