/** A clock that a test moves by hand. Timers fire in order, each followed by all the promises that it sets off. */
import type { Clock } from "../../src/worker/queue.ts";

export class HandClock implements Clock {
  private time = 0;
  private timers: { at: number; run: () => void }[] = [];

  now(): number {
    return this.time;
  }

  setTimer(run: () => void, milliseconds: number): () => void {
    const timer = { at: this.time + milliseconds, run };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  get pending(): number {
    return this.timers.length;
  }

  async advance(milliseconds: number): Promise<void> {
    const end = this.time + milliseconds;
    await settled();
    for (let next = this.due(end); next !== undefined; next = this.due(end)) {
      const timer = next;
      this.timers = this.timers.filter((other) => other !== timer);
      this.time = Math.max(this.time, timer.at);
      timer.run();
      await settled();
    }
    this.time = end;
  }

  private due(end: number): { at: number; run: () => void } | undefined {
    const [first] = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
    return first;
  }
}

/** All promises that can go on have gone on. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
