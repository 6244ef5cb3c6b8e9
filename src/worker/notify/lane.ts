import type { Clock } from "../queue.ts";
import type { Posted } from "./post.ts";

/** What became of an attempt: `failed` is tried again, what is `lost` is not. */
export type Outcome = "sent" | "failed" | "lost";

export interface LaneOptions<Item> {
  clock: Clock;
  /** One attempt. Never throws. */
  attempt(item: Item, signal: AbortSignal): Promise<Posted>;
  /** Milliseconds for which this one may still be tried. */
  timeLeft(item: Item): number;
  /** `message`: why not. */
  onOutcome(item: Item, outcome: Outcome, message?: string): void;
  /** Between 0 and 1, for the jitter. */
  random?(): number;
}

/** What waits for one receiver at most; the oldest goes first. */
export const longestLane = 200;

/** Pause after the first failure and the longest one, milliseconds. A restart of a receiver takes seconds; 15 attempts reach as far as the 15 minutes. */
export const pauseMs = { first: 1_000, longest: 60_000 };

/** So many failures in a row are worth a word in the policy's status: a receiver that was restarted has answered by then. */
export const troubleAfter = 3;

/** A letter that can't even be written is lost, and nothing else: what is thrown here would end the worker. */
const asRefused = (error: unknown): Posted => ({ kind: "refused", message: `our bug: ${error instanceof Error ? error.message : "?"}` });

/**
 * What one receiver is still to be sent, in order, one at a time. A failure holds up all that comes after it, with a pause that doubles: who is down is not
 * asked for each of them.
 */
export class Lane<Item> {
  readonly #options: LaneOptions<Item>;
  readonly #signal: AbortSignal;
  readonly #waiting: Item[] = [];
  #isRunning = false;
  #failures = 0;
  #trouble: string | undefined;
  #delivered = false;

  constructor(options: LaneOptions<Item>, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  /** Why the receiver does not take what it is sent; undefined while it does, or nobody knows. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Whether it took something, last time. */
  get delivered(): boolean {
    return this.#delivered;
  }

  add(item: Item): void {
    this.#waiting.push(item);
    // The one under way is not taken from under itself.
    const [crowdedOut] = this.#waiting.length > longestLane ? this.#waiting.splice(this.#isRunning ? 1 : 0, 1) : [];
    if (crowdedOut !== undefined) this.#options.onOutcome(crowdedOut, "lost", `more than ${longestLane} wait for this receiver`);
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let item = this.#waiting[0]; item !== undefined && !this.#signal.aborted; item = this.#waiting[0]) {
      const pause = await this.#try(item);
      if (pause === 0) this.#waiting.shift();
      else await this.#wait(pause);
    }
    this.#isRunning = false;
  }

  /** @returns milliseconds until it is tried again; 0: it is done with */
  async #try(item: Item): Promise<number> {
    const { attempt, timeLeft, onOutcome } = this.#options;
    const posted = await attempt(item, this.#signal).catch(asRefused);
    if (this.#signal.aborted) return pauseMs.longest;
    if (posted.kind === "delivered") {
      this.#failures = 0;
      this.#trouble = undefined;
      this.#delivered = true;
      onOutcome(item, "sent");
      return 0;
    }
    const { message } = posted;
    this.#failures += 1;
    const pause = posted.kind === "refused" ? 0 : this.#pause(posted.afterMs);
    const isLost = pause === 0 || timeLeft(item) <= pause;
    if (isLost || this.#failures >= troubleAfter) {
      this.#trouble = message;
      this.#delivered = false;
    }
    onOutcome(item, isLost ? "lost" : "failed", message);
    return isLost ? 0 : pause;
  }

  /** Between half and all of it: those that failed together don't come back together. As the receiver says, if that is later. */
  #pause(afterMs = 0): number {
    const pause = Math.min(pauseMs.longest, pauseMs.first * 2 ** (this.#failures - 1));
    return Math.max(afterMs, pause * (0.5 + (this.#options.random ?? Math.random)() / 2));
  }

  #wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        this.#signal.removeEventListener("abort", done);
        resolve();
      };
      const cancel = this.#options.clock.setTimer(done, milliseconds);
      this.#signal.addEventListener("abort", done);
      if (this.#signal.aborted) done();
    });
  }
}
