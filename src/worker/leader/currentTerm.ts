/** One worker's time as the leader: begun by a write of the Lease, prolonged by each renewal, over at the deadline. */

import type { Clock } from "../queue.ts";
import { renewDeadline } from "./decideLease.ts";

/** One uninterrupted time as the leader. */
export interface Term {
  /** Higher in each later term (the Lease's leaseTransitions), so that traces of an earlier one can be told. */
  readonly epoch: number;
  /** Aborts when the term ends, however it ends. */
  readonly signal: AbortSignal;
}

export interface Listener {
  onStarted(term: Term): void;
  /** The term is over and nothing may be written any more; the election goes on. */
  onStopped(reason: string): void;
}

export class CurrentTerm {
  /** Told of the beginning and the end; set before the election begins. */
  listener: Listener | undefined;
  private readonly clock: Clock;
  private term: { epoch: number; renewedAt: number; end: AbortController; cancelDeadline: () => void } | undefined;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get epoch(): number | undefined {
    return this.term?.epoch;
  }
  /** When the last write that succeeded was *sent*: from then on others count. */
  get renewedAt(): number | undefined {
    return this.term?.renewedAt;
  }
  /** Asks the clock, not a timer: a process that was frozen and comes back is told the truth before any timer has run. */
  get isFresh(): boolean {
    return this.term !== undefined && this.clock.now() - this.term.renewedAt < renewDeadline;
  }

  start(epoch: number, renewedAt: number): void {
    this.end("the lease was taken anew");
    if (this.clock.now() - renewedAt >= renewDeadline) {
      return; // frozen between the request and its answer: over before it began
    }
    const end = new AbortController();
    this.term = { epoch, renewedAt, end, cancelDeadline: () => {} };
    this.prolong(renewedAt);
    this.listener?.onStarted({ epoch, signal: end.signal });
  }

  prolong(renewedAt: number): void {
    const { term, clock } = this;
    if (term) {
      term.renewedAt = renewedAt;
      term.cancelDeadline();
      // Timers of Node may fire a fraction of a millisecond early; then they are set again.
      const look = (): void => (this.isFresh ? this.prolong(renewedAt) : this.endIfOverdue());
      term.cancelDeadline = clock.setTimer(look, Math.max(1, renewedAt + renewDeadline - clock.now()));
    }
  }

  endIfOverdue(): void {
    if (this.term && !this.isFresh) {
      const seconds = Math.round((this.clock.now() - this.term.renewedAt) / 100) / 10;
      this.end(`no renewal for ${seconds} s`);
    }
  }

  end(reason: string): void {
    const { term } = this;
    if (term) {
      this.term = undefined;
      term.cancelDeadline();
      term.end.abort(new Error(`the term as leader is over: ${reason}`));
      this.listener?.onStopped(reason);
    }
  }
}
