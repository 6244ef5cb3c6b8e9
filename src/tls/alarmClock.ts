export interface Alarm {
  /** Waits so long, or until woken; being woken before it began counts. */
  sleep(milliseconds: number): Promise<void>;
  /** Waits so long, whatever happens: after a failure an event is no reason to come back sooner. */
  rest(milliseconds: number): Promise<void>;
  wake(): void;
  /** Nothing waits any more. */
  close(): void;
}

/** @param restMs the shortest sleep, so that a quarrel, however fast, stays below so many rounds */
export function alarmClock(restMs: number): Alarm {
  let woken = false;
  let closed = false;
  let endSleep: () => void = () => undefined;
  let endRest: () => void = () => undefined;
  const timer = (milliseconds: number, endable: (end: () => void) => void): Promise<void> =>
    new Promise((resolve) => {
      if (closed) return resolve();
      const running = setTimeout(resolve, milliseconds);
      endable(() => {
        clearTimeout(running);
        resolve();
      });
    });
  const rest = (milliseconds: number): Promise<void> =>
    timer(milliseconds, (end) => {
      endRest = end;
    });
  return {
    rest,
    wake() {
      woken = true;
      endSleep();
    },
    async sleep(milliseconds) {
      await rest(restMs);
      if (!woken && milliseconds > restMs) {
        await timer(milliseconds - restMs, (end) => {
          endSleep = end;
        });
      }
      woken = false;
    },
    close() {
      closed = true;
      endRest();
      endSleep();
    },
  };
}
