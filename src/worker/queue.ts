/**
 * Keys waiting to be reconciled. A key is a name, never an event: added ten times it is processed once, and added
 * while it is processed, once more afterwards. client-go's workqueue, with its delaying and rate-limiting parts.
 *
 *              add                        start of processing
 *   ─────────────────────▶ waiting ─────────────────────────────▶ running
 *   addAfter ▶ delayed ──────▲  ▲                                    │  │
 *                 ▲             └──── added meanwhile ───────────────┘  │
 *                 └─────────────── wakeAfter, or failed: back-off ──────┘
 */

/** Time as the queue and the leader see it; tests move it by hand. */
export interface Clock {
  /** Milliseconds of a clock that never jumps and never goes back. */
  now(): number;
  /**
   * @param milliseconds 0 or less, of a time that has passed meanwhile: as soon as possible
   * @returns the function that cancels it
   */
  setTimer(run: () => void, milliseconds: number): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer(run, milliseconds) {
    // Of a negative number Node warns, in plain text among the lines of the log.
    const timer = setTimeout(run, Math.max(0, milliseconds));
    return () => clearTimeout(timer);
  },
};

/** What processing says about its key's future: look again after so many milliseconds, or only when something happens. */
export type Result = { wakeAfter?: number | undefined } | undefined;

export interface Failure {
  key: string;
  error: unknown;
  /** How often in a row, this one included. */
  times: number;
  retryInMs: number;
}

export interface QueueOptions {
  clock: Clock;
  /** Told of each rejected processing; the key comes again by itself. */
  onFailure?(failure: Failure): void;
  /** Between 0 and 1, for the jitter. */
  random?(): number;
}

export interface Queue {
  add(key: string): void;
  /** Of several delays of one key the earliest counts. A key that is added meanwhile keeps its delay. */
  addAfter(key: string, milliseconds: number): void;
  /** Begins to process, so many keys at once. A rejected promise means: again, after a pause that doubles. */
  start(process: (key: string) => Promise<Result>, concurrency: number): void;
  /** Resolves when no key is waiting or running; the delayed ones don't count. */
  idle(): Promise<void>;
  /** Takes no more keys, forgets the delayed ones, processes what waits, and resolves when all is done. */
  drain(): Promise<void>;
  /** Takes no more keys, forgets all that waits, and resolves when the running ones are done. */
  stop(): Promise<void>;
  /** How many keys wait for a free hand. */
  readonly depth: number;
  /** How long the first of them has waited, milliseconds; 0 when none waits. */
  readonly oldestAge: number;
}

/** The pause after the first failure and the longest one, milliseconds. 50 ms outlives a conflict with one other writer; 30 s keeps a broken plan from hiding in silence. */
const firstPause = 50;
const longestPause = 30_000;
/** setTimeout can't count further and would fire at once. */
const longestTimer = 2 ** 31 - 1;

export function createQueue(options: QueueOptions): Queue {
  return new KeyQueue(options);
}

class KeyQueue implements Queue {
  private readonly options: QueueOptions;
  /** Key → since when, first come first served. */
  private readonly waiting = new Map<string, number>();
  private readonly running = new Set<string>();
  /** Keys that were added while they ran. */
  private readonly again = new Map<string, number>();
  private readonly delayed = new Map<string, { at: number; cancel: () => void }>();
  private readonly failures = new Map<string, number>();
  private readonly idlers = new Set<() => void>();
  private process: ((key: string) => Promise<Result>) | undefined;
  private concurrency = 0;
  private closed = false;

  constructor(options: QueueOptions) {
    this.options = options;
  }

  get depth(): number {
    return this.waiting.size;
  }

  get oldestAge(): number {
    const [since] = this.waiting.values();
    return since === undefined ? 0 : this.options.clock.now() - since;
  }

  add(key: string): void {
    if (this.closed) {
      return;
    }
    const list = this.running.has(key) ? this.again : this.waiting;
    if (!list.has(key)) {
      list.set(key, this.options.clock.now());
    }
    this.pump();
  }

  addAfter(key: string, milliseconds: number): void {
    if (!(milliseconds > 0)) {
      this.add(key);
      return;
    }
    const at = this.options.clock.now() + milliseconds;
    const pending = this.delayed.get(key);
    if (this.closed || (pending && pending.at <= at)) {
      return;
    }
    pending?.cancel();
    this.arm(key, at);
  }

  start(process: (key: string) => Promise<Result>, concurrency: number): void {
    if (this.process !== undefined) {
      throw new Error("the queue is started already: our bug");
    }
    this.process = process;
    this.concurrency = concurrency;
    this.pump();
  }

  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.idlers.add(resolve);
      this.tellIdlers();
    });
  }

  drain(): Promise<void> {
    this.close();
    return this.idle();
  }

  stop(): Promise<void> {
    this.close();
    this.waiting.clear();
    this.again.clear();
    return this.idle();
  }

  private close(): void {
    this.closed = true;
    for (const { cancel } of this.delayed.values()) {
      cancel();
    }
    this.delayed.clear();
  }

  private arm(key: string, at: number): void {
    const { clock } = this.options;
    const wake = (): void => {
      this.delayed.delete(key);
      if (clock.now() < at) {
        this.arm(key, at);
      } else {
        this.add(key);
      }
    };
    const cancel = clock.setTimer(wake, Math.min(longestTimer, at - clock.now()));
    this.delayed.set(key, { at, cancel });
  }

  /** Gives waiting keys to free hands. */
  private pump(): void {
    for (const key of this.waiting.keys()) {
      if (this.process === undefined || this.running.size >= this.concurrency) {
        return;
      }
      this.waiting.delete(key);
      this.running.add(key);
      void this.run(key, this.process);
    }
  }

  private async run(key: string, process: (key: string) => Promise<Result>): Promise<void> {
    // Keys are added from callbacks of caches: what they look at is complete only when these have returned.
    await Promise.resolve();
    try {
      const result = await process(key);
      this.failures.delete(key);
      if (result?.wakeAfter !== undefined) {
        this.addAfter(key, result.wakeAfter);
      }
    } catch (error) {
      this.retry(key, error);
    }
    this.running.delete(key);
    const since = this.again.get(key);
    if (since !== undefined) {
      this.again.delete(key);
      this.waiting.set(key, since);
    }
    this.pump();
    this.tellIdlers();
  }

  private retry(key: string, error: unknown): void {
    const times = (this.failures.get(key) ?? 0) + 1;
    this.failures.set(key, times);
    const pause = Math.min(longestPause, firstPause * 2 ** (times - 1));
    // Between three quarters and all of it: keys that failed together don't come back together.
    const retryInMs = pause * (0.75 + (this.options.random ?? Math.random)() / 4);
    this.addAfter(key, retryInMs);
    try {
      this.options.onFailure?.({ key, error, times, retryInMs });
    } catch {
      // Whoever is told of a failure must not make more of it.
    }
  }

  private tellIdlers(): void {
    if (this.waiting.size === 0 && this.running.size === 0) {
      for (const resolve of this.idlers) {
        this.idlers.delete(resolve);
        resolve();
      }
    }
  }
}
