/**
 * Lets `limit` callers in at a time; the others wait in order. The answer is how to leave, or undefined when the signal came first.
 */
export function lanes(limit: number): (signal: AbortSignal) => Promise<(() => void) | undefined> {
  let inside = 0;
  const waiting = new Set<() => void>();

  const leave = (): void => {
    inside -= 1;
    const [next] = waiting;
    if (next !== undefined) next();
  };
  const enter = (): (() => void) => {
    inside += 1;
    return leave;
  };

  return async (signal) => {
    if (signal.aborted) return undefined;
    if (inside < limit) return enter();
    return new Promise((resolve) => {
      const settle = (leaveOrNot: (() => void) | undefined): void => {
        waiting.delete(admit);
        signal.removeEventListener("abort", giveUp);
        resolve(leaveOrNot);
      };
      const admit = (): void => settle(enter());
      const giveUp = (): void => settle(undefined);
      waiting.add(admit);
      signal.addEventListener("abort", giveUp, { once: true });
    });
  };
}
