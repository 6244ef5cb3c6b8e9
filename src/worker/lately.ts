/** A record may wait for a minute (`bypassRecorder.ts`), a change of leadership takes 20 s at most; what is older has had a leader to record it. */
const rememberMs = 90_000;
/** Of so many template changes within that time the oldest are forgotten. */
const most = 1_000;

/** What a worker that does not lead has seen lately: its leader may have died before it acted on it. */
export interface Lately<T> {
  note(seen: T): void;
  /** All that is not too old, oldest first; it is forgotten by that. */
  take(now: number): T[];
}

export function lately<T extends { at: number }>(): Lately<T> {
  let seen: T[] = [];
  return {
    note(one) {
      seen.push(one);
      if (seen.length > most) seen = seen.slice(-most);
    },
    take(now) {
      const taken = seen.filter(({ at }) => now - at <= rememberMs);
      seen = [];
      return taken;
    },
  };
}
