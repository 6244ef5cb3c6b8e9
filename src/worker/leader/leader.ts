/**
 * One worker at a time: leader election by a Lease and compare-and-swap. Times are counted on this process's monotonic
 * clock from what it saw itself, so clocks that differ, jump or lie change nothing.
 *
 *   leader    ●──2 s──●──2 s──●──✗ ─ ─ ─ ─ ┤ 7 s after its last renewal: stops, whatever it is doing
 *   standby           seen    seen ─────────────────── 10 s without a change ┤ takes over
 *                                          ╰── 3 s ──╯ slack: no request may live longer than this (design I9)
 */
import { randomBytes } from "node:crypto";
import { isAlreadyExists, isConflict, isForbidden, isNotFound } from "../../kube/apiError.ts";
import type { Client } from "../../kube/client.ts";
import type { Lease } from "../../kube/object.ts";
import { resources } from "../../kube/resources.ts";
import type { Clock } from "../queue.ts";
import { CurrentTerm, type Listener } from "./currentTerm.ts";
import { decideLease, type Verdict } from "./decideLease.ts";
import { LeaseRecord } from "./leaseRecord.ts";

export type { Listener, Term } from "./currentTerm.ts";

export interface LeaderOptions {
  /** With a limit of 2 s for a request and `urgent`, so that one that hangs leaves time for another. */
  client: Pick<Client, "get" | "create" | "replace">;
  namespace: string;
  name: string;
  /** The pod's name; something random is added, since a StatefulSet or a test gives the same name again. */
  podName: string;
  clock: Clock;
  /** Milliseconds since 1970, for the timestamps that people read; nothing is decided by them. */
  wallNow?(): number;
  /**
   * Serin is being uninstalled: in a namespace that is being deleted no Lease can be made again, and the right to it may be gone. Who leads then goes on
   * leading, since nobody else gets it either.
   */
  isLast?(): boolean;
  /** Told of each failed request, for the log. */
  onTrouble?(error: unknown): void;
}

export interface Leader {
  /** `<pod>_<random>`, the holderIdentity. */
  readonly identity: string;
  /** True only until the renew deadline, also when this process was frozen and has just come back. */
  isLeader(): boolean;
  /** Takes part in the election until `stop`. */
  run(listener: Listener): Promise<void>;
  /** Ends the term and lets another take over at once. Whoever still writes should have finished before. */
  stop(): Promise<void>;
}

export function createLeader(options: LeaderOptions): Leader {
  return new LeaseLeader(options);
}

class LeaseLeader implements Leader {
  readonly identity: string;
  private readonly options: LeaderOptions;
  private readonly stopping = new AbortController();
  private readonly term: CurrentTerm;
  private done: Promise<void> | undefined;
  private readonly record: LeaseRecord;

  constructor(options: LeaderOptions) {
    this.options = options;
    this.term = new CurrentTerm(options.clock);
    this.identity = `${options.podName}_${randomBytes(4).toString("hex")}`;
    const { namespace, name, clock } = options;
    this.record = new LeaseRecord({ namespace, name, me: this.identity }, clock.now());
  }

  isLeader(): boolean {
    return this.term.isFresh;
  }

  run(listener: Listener): Promise<void> {
    this.term.listener = listener;
    this.done ??= this.campaign();
    return this.done;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.term.end("stopped");
    await this.done;
    await this.release();
  }

  private async campaign(): Promise<void> {
    this.record.unchangedSince = this.options.clock.now();
    await this.attempt(() => this.look());
    while (!this.stopping.signal.aborted) {
      this.term.endIfOverdue();
      const verdict = this.decide();
      const well = await this.attempt(() => this.carryOut(verdict));
      await this.pause(well ? this.decide().againIn : retryAfterFailure);
    }
  }

  private decide(): Verdict {
    const { clock } = this.options;
    const { lease, holder, unchangedSince } = this.record;
    return decideLease(
      {
        me: this.identity,
        leading: this.term.isFresh,
        renewedAt: this.term.renewedAt,
        lease: lease && { holder, seconds: lease.spec?.leaseDurationSeconds },
        unchangedSince,
      },
      clock.now(),
    );
  }

  private async carryOut({ action }: Verdict): Promise<void> {
    switch (action) {
      case "take":
      case "renew":
        return this.write(action);
      case "hold":
        return;
      case "wait":
        return this.look();
    }
  }

  private async look(): Promise<void> {
    const { client, namespace, name, clock } = this.options;
    const lease = await client.get<Lease>(resources.leases, name, namespace);
    this.record.remember(lease, clock.now());
  }

  /** One write that carries the resourceVersion of what was decided upon: of several candidates one succeeds. */
  private async write(action: "take" | "renew", again = true): Promise<void> {
    const { client, clock, wallNow = Date.now } = this.options;
    const sentAt = clock.now();
    const epoch = (action === "renew" ? this.term.epoch : undefined) ?? this.record.highestEpoch + 1;
    const wanted = this.record.claimed(epoch, action === "take", wallNow());
    try {
      const stored = this.record.lease ? await client.replace(resources.leases, wanted) : await client.create(resources.leases, wanted);
      this.record.remember(stored, clock.now());
    } catch (error) {
      if (action === "renew" && this.options.isLast?.() === true && this.isOutOfReach(error)) {
        this.term.prolong(sentAt);
        throw error;
      }
      if (isConflict(error) || isAlreadyExists(error) || isNotFound(error)) {
        await this.look();
        this.yieldToOther();
        // Often only a label was changed. Once more at once: whoever labels each second must not keep us out.
        if (again && this.decide().action === action) {
          return this.write(action, false);
        }
      }
      throw error;
    }
    if (this.stopping.signal.aborted) {
      return;
    }
    if (action === "take") {
      this.term.start(epoch, sentAt);
    } else if (this.term.isFresh) {
      this.term.prolong(sentAt);
    }
  }

  /** For every worker: they have the same rights. */
  private isOutOfReach(error: unknown): boolean {
    return isForbidden(error) || (isNotFound(error) && this.record.lease === undefined);
  }

  /** Somebody holds the Lease in our stead: there is no point in waiting for the deadline. */
  private yieldToOther(): void {
    const { lease, holder } = this.record;
    if (lease !== undefined && holder !== this.identity) {
      this.term.end(holder ? `${holder} holds the lease` : "somebody released the lease");
    }
  }

  private async release(): Promise<void> {
    await this.attempt(async () => {
      if (this.record.holder === this.identity) {
        const { client, wallNow = Date.now } = this.options;
        await client.replace(resources.leases, this.record.released(wallNow()));
      }
    });
  }

  /** @returns whether it went well; what went wrong is told, and the loop goes on */
  private async attempt(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.options.onTrouble?.(error);
      return false;
    }
  }

  private pause(milliseconds: number): Promise<void> {
    const { signal } = this.stopping;
    return new Promise((resolve) => {
      const finish = (): void => {
        cancel();
        signal.removeEventListener("abort", finish);
        resolve();
      };
      const cancel = this.options.clock.setTimer(finish, milliseconds);
      signal.addEventListener("abort", finish, { once: true });
      if (signal.aborted) {
        finish();
      }
    });
  }
}

/** Milliseconds after a failed request: half the renew period, which leaves several tries before the deadline. */
const retryAfterFailure = 1_000;
