/** A clock that only the simulation moves. Timers fire in order, each followed by all the promises that it sets off. */
import type { Clock } from "../../src/worker/queue.ts";

interface Timer {
  at: number;
  run: () => void;
}

export class SimulatedClock implements Clock {
  #time: number;
  #timers: Timer[] = [];
  /** Told before time goes on to `at`: what happened since the last time is accounted for with the state as it was. */
  #beforeMove: (at: number) => void = () => {};

  constructor(start: number) {
    this.#time = start;
  }

  now(): number {
    return this.#time;
  }

  onMove(before: (at: number) => void): void {
    this.#beforeMove = before;
  }

  setTimer(run: () => void, milliseconds: number): () => void {
    const timer = { at: this.#time + Math.max(0, milliseconds), run };
    const behind = this.#timers.findIndex(({ at }) => at > timer.at);
    if (behind < 0) this.#timers.push(timer);
    else this.#timers.splice(behind, 0, timer);
    return () => {
      const at = this.#timers.indexOf(timer);
      if (at >= 0) this.#timers.splice(at, 1);
    };
  }

  /** Resolves after so many simulated milliseconds. */
  sleep(milliseconds: number): Promise<void> {
    return milliseconds <= 0 ? Promise.resolve() : new Promise((resolve) => this.setTimer(resolve, milliseconds));
  }

  /** Moves on until `end`, or until `isOver` says so after some timer. */
  async advanceTo(end: number, isOver: () => boolean = () => false): Promise<void> {
    await settled();
    while (!isOver()) {
      const [next] = this.#timers;
      if (next === undefined || next.at > end) {
        this.#moveTo(end);
        return;
      }
      this.#moveTo(next.at);
      this.#timers.shift();
      next.run();
      await settled();
    }
  }

  #moveTo(at: number): void {
    if (at <= this.#time) return;
    this.#beforeMove(at);
    this.#time = at;
  }
}

/** All promises that can go on have gone on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
