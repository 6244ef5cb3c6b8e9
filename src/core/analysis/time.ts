/** Milliseconds since epoch ⇄ RFC 3339 with milliseconds, the spelling of every stored time. */

/** `2026-01-01T00:00:00.000Z` of milliseconds since epoch. */
export const toTime = (milliseconds: number): string => new Date(milliseconds).toISOString();

/** Milliseconds since epoch; 0 for a text that is no time, so that whoever waits for it waits no longer. */
export function fromTime(text: string): number {
  const milliseconds = Date.parse(text);
  return Number.isNaN(milliseconds) ? 0 : milliseconds;
}
