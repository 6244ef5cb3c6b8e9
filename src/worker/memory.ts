import type { PlanStatus } from "../api/plan.ts";
import type { ShiftState } from "../core/analysis/shift.ts";
import type { Answered } from "../core/plan/snapshot.ts";

/**
 * What a worker remembers of a plan beside what is stored: things that a successor can find out anew. Losing all of it costs
 * a settle time and some passes; it never costs a failure or a wait that was already served.
 */
export interface PlanMemory {
  /** When this worker last changed routing, or began to look at the plan. Milliseconds since the epoch. */
  trafficChangedAt: number;
  repairs: { count: number; lastAt: number };
  shift: ShiftState | undefined;
  answers: Answered[];
  inFlight: Set<string>;
  /** The status last decided; ahead of the stored one by what is not significant. */
  status: PlanStatus | undefined;
  /** The status last stored. */
  stored: PlanStatus | undefined;
  storedAt: number;
  lastCountAt: number;
}

/** Memories by plan uid. */
export class Memories {
  readonly #plans = new Map<string, PlanMemory>();

  of(uid: string, now: number, stored: PlanStatus | undefined): PlanMemory {
    const known = this.#plans.get(uid);
    if (known) return known;
    const fresh: PlanMemory = {
      trafficChangedAt: now,
      repairs: { count: 0, lastAt: 0 },
      shift: undefined,
      answers: [],
      inFlight: new Set(),
      status: stored,
      stored,
      storedAt: now,
      lastCountAt: 0,
    };
    this.#plans.set(uid, fresh);
    return fresh;
  }

  get(uid: string | undefined): PlanMemory | undefined {
    return uid === undefined ? undefined : this.#plans.get(uid);
  }

  forget(uid: string): void {
    this.#plans.delete(uid);
  }

  /** A deposed leader remembers nothing: its successor has moved on. */
  forgetAll(): void {
    this.#plans.clear();
  }
}
