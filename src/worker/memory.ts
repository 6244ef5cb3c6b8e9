import type { CanaryPlan, PlanStatus } from "../api/plan.ts";
import type { CanaryRevision } from "../core/analysis/builtin/canaryRevision.ts";
import type { Meter } from "../core/analysis/builtin/meter.ts";
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
  /** So long after that it is stored again, if anything is new. */
  refreshAfterMs: number;
  lastCountAt: number;
  /** The counters of each built-in as they were last read, by metric, step and start of its run. */
  meters: Map<string, MeterMemory>;
  /** By what its canary's requests are known in metrics, as its pods say. Undefined before the first look. */
  revision: CanaryRevision | undefined;
  /** By what stable's requests are known in metrics, as most of its pods say. Undefined before the first look. */
  stableRevision: string | undefined;
  /** Ready canary pods at the last look, and when their number last rose: the proxies hear of new pods as late as of new routes. */
  ready: { count: number; at: number };
  /** All requests ever counted for the Services, and when that number last rose. */
  flow: { total: number; at: number };
}

export interface MeterMemory {
  /** Undefined before the first reading. */
  meter: Meter | undefined;
  /** When it last told of an error. */
  errorAt: number;
}

/**
 * What is not significant is stored after so long, then after twice as long and so on: whoever watches sees the counts move, and a long wait
 * costs little.
 */
export const refreshMs = { first: 10_000, longest: 60_000 };

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
      refreshAfterMs: refreshMs.first,
      lastCountAt: 0,
      meters: new Map(),
      revision: undefined,
      stableRevision: undefined,
      ready: { count: 0, at: now },
      flow: { total: Number.POSITIVE_INFINITY, at: 0 },
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

/** Notes how many canary pods are ready now. @returns when their number last rose, milliseconds since the epoch */
export function readySince(memory: PlanMemory, count: number, now: number): number {
  memory.ready = { count, at: count > memory.ready.count ? now : memory.ready.at };
  return memory.ready.at;
}

/** The canary's value of `destination_canonical_revision`, as well as it is known. */
export function revisionOf({ spec }: CanaryPlan, memory: PlanMemory | undefined): string {
  const revision = memory?.revision;
  return revision !== undefined && "value" in revision ? revision.value : spec.canary.hash;
}
