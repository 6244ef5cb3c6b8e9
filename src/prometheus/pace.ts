import { setTimeout as delay } from "node:timers/promises";

/** Lets callers start one after the other, `everyMs` apart at least. Resolves when it is the caller's turn, or at once when the signal aborts. */
export function pace(everyMs: number): (signal: AbortSignal) => Promise<void> {
  let next = 0;
  return async (signal) => {
    const now = performance.now();
    const at = Math.max(now, next);
    next = at + everyMs;
    if (at > now) await delay(at - now, undefined, { signal }).catch(() => undefined);
  };
}
